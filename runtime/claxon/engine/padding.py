"""A small set of shapes for engines that compile each shape: feeds are padded to them, results are cut.

OpenVINO compiles each shape, CUDA's attention wants lengths in eights, and a CUDA graph has one shape for ever.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

# Tokens and texts of the shapes that are compiled: a step is a half or a third, so a sixth is padding on average.
LENGTHS = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)
ROWS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
# The fast attention kernels of CUDA read a bias whose rows begin at multiples of 16 bytes: of 8 float16 numbers.
CUDA_LENGTH_STEP = 8
# Shapes that become CUDA graphs: those of few texts, where launching the kernels takes longer than running them.
GRAPH_LENGTHS = (16, 32, 48, 64, 96, 128)
GRAPH_ROWS = (1, 2, 4, 8)
ANY_ROWS = (1,)

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class FewShapes:
    """The shapes of an encoder: texts have at most ``max_tokens`` and are padded with ``pad_id``.

    ``length_steps`` and ``row_steps`` are tokens and texts of the shapes; beyond the last, multiples of the last.
    """

    max_tokens: int
    pad_id: int
    length_steps: tuple[int, ...] = LENGTHS
    row_steps: tuple[int, ...] = ROWS

    @classmethod
    def in_eights(cls, max_tokens: int, pad_id: int) -> FewShapes:
        """Lengths in multiples of 8, and every number of texts."""
        steps = range(CUDA_LENGTH_STEP, max_tokens, CUDA_LENGTH_STEP)
        return cls(max_tokens, pad_id, tuple(steps), ANY_ROWS)

    @classmethod
    def of_graphs(cls, max_tokens: int, pad_id: int) -> FewShapes:
        """The shapes that become CUDA graphs."""
        return cls(min(max_tokens, GRAPH_LENGTHS[-1]), pad_id, GRAPH_LENGTHS, GRAPH_ROWS)

    @property
    def lengths(self) -> tuple[int, ...]:
        """Tokens of a row. The last is the encoder's limit: it may have no positions beyond."""
        return (*(length for length in self.length_steps if length < self.max_tokens), self.max_tokens)

    def holds(self, rows: int, tokens: int) -> bool:
        """Whether one of the shapes is as large as that."""
        return rows <= self.row_steps[-1] and tokens <= self.max_tokens

    def padded(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """The feeds at the next shape up; rows that are added repeat the last, so that their numbers are sane.

        Shapes: ``(texts, tokens)`` each, before and after.
        """
        return {name: self._padded(array, self.pad_id if name == "input_ids" else 0) for name, array in feeds.items()}

    def _padded(self, array: Array, value: int) -> Array:
        rows, tokens = array.shape
        more_rows = next_up(self.row_steps, rows) - rows
        more_tokens = next_up(self.lengths, tokens) - tokens
        if more_tokens:
            array = np.pad(array, ((0, 0), (0, more_tokens)), constant_values=value)
        return np.pad(array, ((0, more_rows), (0, 0)), "edge") if more_rows else array


def next_up(steps: tuple[int, ...], number: int) -> int:
    """Return the first step that is not below ``number``; beyond the last step, its next multiple."""
    at = bisect_left(steps, number)
    return steps[at] if at < len(steps) else -(-number // steps[-1]) * steps[-1]


def cut(result: Array, rows: int, tokens: int) -> Array:
    """Cut a padded result to the rows of the texts and, for token states, to their tokens.

    Args:
        result: Shape: ``(rows or more, width)`` or ``(rows or more, tokens or more, width)``.
        rows: Texts that were fed.
        tokens: Tokens of each, as they were fed.
    """
    return result[:rows, :tokens] if result.ndim > 2 else result[:rows]
