"""Ragged token ids: many texts in one array."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

IntArray = np.ndarray[tuple[int], np.dtype[np.int64]]
BoolArray = np.ndarray[tuple[int], np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token ids of many texts, one after the other.

    Attributes:
        input_ids: Special tokens included, cut at the limit. Shape: ``(tokens,)``, int64.
        lengths: Tokens of each text after the cut. Shape: ``(texts,)``, int64.
        uncut_lengths: Tokens of each text before it; of a text of more than 16,384 characters, which is not tokenized
            whole, at least so many. Shape: ``(texts,)``, int64.
        first_lengths: Of pairs of texts: how many tokens of each are of token type 0; those after them are of type 1.
            ``None`` where there are no pairs. Shape: ``(texts,)``, int64.
    """

    input_ids: IntArray
    lengths: IntArray
    uncut_lengths: IntArray
    first_lengths: IntArray | None = None

    @property
    def starts(self) -> IntArray:
        """Where each text begins in ``input_ids``. Shape: ``(texts,)``, int64."""
        return np.cumsum(self.lengths) - self.lengths

    @property
    def truncated(self) -> BoolArray:
        """Which texts were cut. Shape: ``(texts,)``, bool."""
        return self.uncut_lengths > self.lengths
