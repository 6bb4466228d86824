"""Texts in groups of exactly equal length, none of them padded, and the results in the order of the texts."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from claxon.errors import InputError
from claxon_export.parity import reference
from claxon_export.parity.composition import sentence_embedding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from claxon_export.checkpoint.checkpoint import Pooling
    from claxon_export.checkpoint.sentence_modules import SentenceModules
    from claxon_export.parity.reference_model import Floats

# Larger groups are no faster on a processor, and their attention scores grow with rows x tokens².
GROUP_ROWS = 16
GROUP_TOKENS = 1024


@dataclass(frozen=True, slots=True)
class Rows:
    """What was computed of a group, or of all texts.

    Attributes:
        features: Each float32 ``(rows, width)``.
        probabilities: float32 ``(rows, labels)``, or None.
    """

    features: Mapping[str, Floats]
    probabilities: Floats | None


def pooled_rows(
    hidden_states: Floats,
    probabilities: Floats | None,
    pooling: Pooling | None,
    modules: SentenceModules | None = None,
    truncate_dim: int | None = None,
) -> Rows:
    """Return the features of texts of equal length: ``cls``, ``mean``, and ``embedding`` for a known pooling.

    Args:
        hidden_states: The last ones, float32 ``(rows, tokens, width)``, without padding.
        probabilities: float32 ``(rows, labels)``, or None.
        pooling: What ``embedding`` is, at unit length.
        modules: What ``sentence`` is composed of, for that pooling.
        truncate_dim: Columns of ``sentence``; None for all.
    """
    mask = np.ones(hidden_states.shape[:2], dtype=np.int64)
    features = {name: reference.pool(hidden_states, mask, name) for name in ("cls", "mean")}
    if pooling == "sentence" and modules is not None:
        features["sentence"] = sentence_embedding(hidden_states, modules, truncate_dim)
    if pooling is not None:
        features["embedding"] = reference.normalize(features[pooling.value])
    return Rows(features, probabilities)


class EqualLengths:
    """Groups of texts of equal length, the longest first, at most 16 texts and about 1,024 tokens each.

    Raises:
        InputError: A text has no tokens.
    """

    input_ids: tuple[tuple[int, ...], ...]

    def __init__(self, input_ids: Sequence[Sequence[int]]) -> None:
        """Group the texts, given as the token ids of each."""
        self.input_ids = tuple(tuple(ids) for ids in input_ids)
        if () in self.input_ids:
            row = self.input_ids.index(())
            raise InputError(f"row {row} has no tokens, and so nothing to compare; leave it out")
        self._groups = list(_groups(self.input_ids))

    def batches(self) -> Iterator[npt.NDArray[np.int64]]:
        """Yield each group's token ids, int64 ``(rows, tokens)``."""
        return (np.array([self.input_ids[row] for row in group], dtype=np.int64) for group in self._groups)

    def join(self, results: Sequence[Rows]) -> Rows:
        """Return the results of all batches, one for each, as rows in the order of the texts."""
        order = np.argsort(np.concatenate(self._groups))
        features = {
            name: np.concatenate([rows.features[name] for rows in results])[order] for name in results[0].features
        }
        parts = [rows.probabilities for rows in results if rows.probabilities is not None]
        return Rows(features, np.concatenate(parts)[order] if parts else None)


def _groups(input_ids: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    longest_first = sorted(range(len(input_ids)), key=lambda row: -len(input_ids[row]))
    for tokens, rows in groupby(longest_first, key=lambda row: len(input_ids[row])):
        same = list(rows)
        step = max(1, min(GROUP_ROWS, GROUP_TOKENS // tokens))
        yield from (same[start : start + step] for start in range(0, len(same), step))
