"""A long text -> a shorter one with the same tokens, for tokenizers of BERT's kind.

Three things make a text long and leave its tokens few, and all three can be shortened without changing a token:
a word of more characters than the model reads, which is one unknown token however long it is; characters that the
normalizer drops; blanks. What a character is to the tokenizer is found out by asking the tokenizer.

Written for ``BertNormalizer``, ``BertPreTokenizer`` and ``WordPiece``, which look at one character at a time, apart
from the order of combining marks; see ``Kind.OTHER``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

FIRST_CHUNK, LARGEST_CHUNK = 4096, 32768
CODE_POINTS = 0x110000

Array = np.ndarray[tuple[int], Any]
Kinds = np.ndarray[tuple[int], np.dtype[np.uint8]]


class Kind(IntEnum):
    """What a character is to the tokenizer.

    ``WORD`` continues a word and adds at least one character to it; ``BREAK`` ends one and is one, or several;
    ``BLANK`` ends one and is none. ``DROPPED`` leaves no trace; nor does ``DROPPED_MARK``, across which other marks are
    not put in order. ``OTHER`` stays, and may change places with the marks beside it: what holds one is left alone.
    """

    UNKNOWN = 0
    WORD = 1
    BREAK = 2
    BLANK = 3
    DROPPED = 4
    DROPPED_MARK = 5
    OTHER = 6


@dataclass(frozen=True, slots=True)
class _State:
    """What was before a chunk: characters of an unfinished word, the last kind, and a blank with nothing since."""

    n_of_word: int
    last: Kind
    is_after_blank: bool


_START = _State(0, Kind.UNKNOWN, is_after_blank=False)


class LongTextShortener:
    """Shortens texts; what is learnt of characters is kept. May be shared between threads."""

    def __init__(self, kind_of: Callable[[str], Kind], longest_word: int) -> None:
        """Shorten words to one character more than ``longest_word``."""
        self._kind_of = kind_of
        self._most = longest_word + 1
        self._kinds: Kinds = np.zeros(CODE_POINTS, np.uint8)
        self._ascii = bytes(256)  # the same of the first of them, as ``bytes.translate`` has it

    def chunks(self, text: str) -> Iterator[str]:
        """The shortened text, in parts, some of which are empty; no more of ``text`` is read than was asked for."""
        state, start, size = _START, 0, FIRST_CHUNK
        while start < len(text):
            chunk = text[start : start + size]
            start, size = start + size, min(2 * size, LARGEST_CHUNK)
            kinds = self._kinds_of(chunk)
            if self._is_more_of_the_same(kinds, state):
                continue
            if (kinds == Kind.OTHER).any():
                state = _START
                yield chunk
                continue
            nth = _nth_of_word(kinds, state.n_of_word)
            is_silent = _follows_blank(kinds, state)
            yield _taken(chunk, self._is_kept(kinds, nth, is_silent, state))
            state = _State(int(nth[-1]), Kind(kinds[-1]), bool(is_silent[-1] or kinds[-1] == Kind.BLANK))

    def _is_more_of_the_same(self, kinds: Kinds, state: _State) -> bool:
        """Whether nothing of a chunk is kept, and the state after it is that before it; a shortcut."""
        kind = kinds[0]
        if kind != state.last or not (kinds == kind).all():
            return False
        is_in_long_word = kind == Kind.WORD and state.n_of_word > self._most
        return is_in_long_word or bool(Kind.BLANK <= kind <= Kind.DROPPED_MARK)

    def _is_kept(self, kinds: Kinds, nth: Array, is_silent: Array, state: _State) -> Array:
        repeats = np.empty(len(kinds), bool)
        repeats[0] = kinds[0] == state.last
        np.equal(kinds[1:], kinds[:-1], out=repeats[1:])
        repeats &= kinds >= Kind.DROPPED
        beyond = (nth > self._most) & (kinds != Kind.BREAK) & (kinds != Kind.BLANK)
        kept: Array = ~(repeats | is_silent | beyond)
        return kept

    def _kinds_of(self, chunk: str) -> Kinds:
        if chunk.isascii():
            result = np.frombuffer(chunk.encode().translate(self._ascii), np.uint8)
            if result.all():
                return result
        codes = np.frombuffer(chunk.encode("utf-32-le"), np.uint32)
        kinds: Kinds = self._kinds[codes]
        if not kinds.all():
            for code in np.unique(codes[kinds == Kind.UNKNOWN]):
                self._kinds[code] = self._kind_of(chr(code))
            self._ascii = self._kinds[:256].tobytes()
            kinds = self._kinds[codes]
        return kinds


def _nth_of_word(kinds: Kinds, n_before: int) -> Array:
    """How many characters of its word stand up to each, ``n_before`` of them before the first. Shape: ``(chars,)``."""
    counts = np.cumsum(kinds == Kind.WORD, dtype=np.int32) + n_before
    is_break = (kinds == Kind.BREAK) | (kinds == Kind.BLANK)
    return counts - np.maximum.accumulate(np.where(is_break, counts, np.int32(0)))


def _follows_blank(kinds: Kinds, state: _State) -> Array:
    """Which blanks and dropped characters have nothing between them and a blank before. Shape: ``(chars,)``, bool."""
    if not (kinds >= Kind.BLANK).any():
        return np.zeros(len(kinds), bool)
    places = np.arange(1, len(kinds) + 1, dtype=np.int32)
    solid = np.maximum.accumulate(np.where(kinds < Kind.BLANK, places, np.int32(-1)))
    blanks = np.empty(len(kinds), np.int32)  # the last one before each
    blanks[0] = 0 if state.is_after_blank else -2
    np.maximum.accumulate(np.where(kinds[:-1] == Kind.BLANK, places[:-1], blanks[0]), out=blanks[1:])
    result: Array = (kinds >= Kind.BLANK) & (blanks > solid)
    return result


def _taken(chunk: str, is_kept: Array) -> str:
    encoding, width = ("ascii", np.uint8) if chunk.isascii() else ("utf-32-le", np.uint32)
    codes = np.frombuffer(chunk.encode(encoding), width)
    return codes[is_kept].tobytes().decode(encoding)
