"""Texts -> ragged token ids. Truncation is counted, never silent; padding is somebody else's work.

The tokenizer's own padding and truncation are never used: they are state that threads would share, and every checkpoint
bakes in another.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
import tokenizers

from claxon.errors import BundleError, OptionError
from claxon.tokens import Tokens

WORD = "a"  # a text of one token or more in every vocabulary


class Tokenizer:
    """A ``tokenizer.json`` with a limit; stateless, so that threads may share it."""

    def __init__(self, content: bytes, *, max_tokens: int, prompt: str = "") -> None:
        """Read ``tokenizer.json``.

        Args:
            content: The file's bytes.
            max_tokens: The limit, special tokens included.
            prompt: Put before every text.

        Raises:
            BundleError: the content is not a tokenizer.
            OptionError: the limit leaves no room for a word beside the special tokens.
        """
        self._tokenizer = _load(content)
        self._prefix, self._suffix = _special_tokens(self._tokenizer)
        self._room = max_tokens - len(self._prefix) - len(self._suffix)
        self._prompt = prompt
        if self._room < 1:
            raise OptionError(f"max_tokens is {max_tokens}, expected at least {max_tokens - self._room + 1}")

    @property
    def vocab_size(self) -> int:
        """How many ids there are, added tokens included."""
        return int(self._tokenizer.get_vocab_size(with_added_tokens=True))

    def __call__(self, texts: Sequence[str]) -> Tokens:
        """Token ids of ``texts``, in their order."""
        prompted = [self._prompt + text for text in texts] if self._prompt else list(texts)
        encodings = self._tokenizer.encode_batch_fast(prompted, add_special_tokens=False)
        pieces = [encoding.ids for encoding in encodings]
        rows = [[*self._prefix, *piece[: self._room], *self._suffix] for piece in pieces]
        specials = len(self._prefix) + len(self._suffix)
        return Tokens(
            input_ids=np.fromiter(chain.from_iterable(rows), np.int64),
            lengths=np.array([len(row) for row in rows], np.int64),
            uncut_lengths=np.array([len(piece) + specials for piece in pieces], np.int64),
        )


def _load(content: bytes) -> tokenizers.Tokenizer:
    try:
        tokenizer = tokenizers.Tokenizer.from_str(content.decode())
    except Exception as error:  # the Rust library raises plain Exception for whatever it cannot read
        raise BundleError(f"tokenizer.json cannot be read: {error}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _special_tokens(tokenizer: tokenizers.Tokenizer) -> tuple[list[int], list[int]]:
    """The ids put before and after a text, found by looking at what the template does to one word."""
    bare = _ids(tokenizer, WORD, add_special_tokens=False)
    full = _ids(tokenizer, WORD, add_special_tokens=True)
    for start in range(len(full) - len(bare) + 1 if bare else 0):
        if full[start : start + len(bare)] == bare:
            return full[:start], full[start + len(bare) :]
    raise BundleError("tokenizer.json changes a text's tokens when it adds the special ones; no such template is known")


def _ids(tokenizer: tokenizers.Tokenizer, text: str, *, add_special_tokens: bool) -> list[int]:
    return list(tokenizer.encode(text, add_special_tokens=add_special_tokens).ids)
