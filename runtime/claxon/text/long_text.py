"""A text that is much longer than the limit -> its first or last token ids, without tokenizing all of it.

The ids are those that the whole text begins or ends with: a word that has ended stays as it is, whatever follows, and
a word that begins after a blank is as it is, whatever is before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from claxon.bundle.tokenizer_policy import LONGEST_TEXT

# Longer texts are cut before they are tokenized; shorter ones are tokenized whole, which counts their tokens exactly.
LONG = 16_384
# Tokens are looked for in so many characters first, and in twice as many each time after that.
FIRST_WINDOW = 4096
# Characters that an added token, or what a component replaces, may span: the longest that ``tokenizer_rules`` lets in.
MARGIN = LONGEST_TEXT


class Encoding(Protocol):
    """What a tokenizer gives for a text: ids, and for each the word that it is of and where it lies."""

    @property
    def ids(self) -> Sequence[int]:
        """Token ids."""

    @property
    def word_ids(self) -> Sequence[int | None]:
        """Which word each token is of."""

    @property
    def offsets(self) -> Sequence[tuple[int, int]]:
        """Where each token lies in the text."""


def first_ids(chunks: Iterator[str], room: int, encode: Callable[[str], Encoding]) -> list[int]:
    """All ids of a text; or, where they are more than ``room``, the first of them, more than ``room``.

    Args:
        chunks: The text, in parts.
        room: Ids that are wanted.
        encode: Text to tokens.
    """
    text, size = "", FIRST_WINDOW
    while True:
        is_whole = True
        for chunk in chunks:
            text += chunk
            if len(text) >= size:
                is_whole = False
                break
        encoding = encode(text)
        if is_whole:
            return list(encoding.ids)
        ids = _settled(encoding, len(text) - MARGIN)
        if len(ids) > room:
            return ids
        size = 2 * len(text)


def last_ids(text: str, room: int, encode: Callable[[str], Encoding], shorten: Callable[[str], str]) -> list[int]:
    """All ids of a text; or, where they are more than ``room``, the last of them, more than ``room``.

    Args:
        text: The text.
        room: Ids that are wanted.
        encode: Text to tokens.
        shorten: A text with the same tokens, but for those of its first word.
    """
    size = FIRST_WINDOW
    while size < len(text):
        window = shorten(text[-size:])
        ids = _settled_end(encode(window), window)
        if len(ids) > room:
            return ids
        size *= 2
    return list(encode(shorten(text)).ids)


def slices(text: str) -> Iterator[str]:
    """The text in parts, each as long as all before it."""
    start, size = 0, FIRST_WINDOW
    while start < len(text):
        yield text[start : start + size]
        start, size = start + size, max(size, start + size)


def _settled(encoding: Encoding, end: int) -> list[int]:
    """Ids of the words that more text cannot change: not the last one, and none that reaches beyond ``end``."""
    words = encoding.word_ids
    last = words[-1] if words else None
    n_settled = 0
    for word, (_, stop) in zip(words, encoding.offsets, strict=True):
        if word == last or stop > end:
            break
        n_settled += 1
    return list(encoding.ids[:n_settled])


def _settled_end(encoding: Encoding, window: str) -> list[int]:
    """Ids of the words that more text before them cannot change: from a blank on that lies beyond ``MARGIN``."""
    blanks = (i for i in range(MARGIN + 1, len(window)) if window[i].isspace() and not window[i - 1].isspace())
    start = next(blanks, len(window))
    words, offsets = encoding.word_ids, encoding.offsets
    for i in range(1, len(words)):
        if offsets[i][0] >= start and words[i] != words[i - 1]:
            return list(encoding.ids[i:])
    return []
