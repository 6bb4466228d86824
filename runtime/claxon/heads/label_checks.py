"""Labels that can hardly be told apart: a warning that names them. Pure numpy.

Two phrasings of different labels pull the same texts: which of the labels wins is then chance.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from claxon.encoder.features import FloatMatrix
from claxon.heads.label_sets import LabelSet
from claxon.support.stack_level import caller_level

# Of 275 phrasings of five steps, all-mpnet-base-v2 has "Two stars out of five." and "Three stars out of five." at 0.99,
# "This review is negative." and "This review is very negative." at 0.95 (all-MiniLM-L6-v2: 0.97). Of the packaged ones
# no two of different steps are above 0.73.
NEAR_DUPLICATE_COSINE = 0.95
NAMED_AT_MOST = 3
BLOCK_ROWS = 1024


class LabelWarning(UserWarning):
    """Labels, or phrasings of different labels, say nearly the same."""


@dataclass(frozen=True, slots=True)
class Alike:
    """Two phrasings that are nearly the same; ``cosine`` is that of their embeddings."""

    first_label: str
    first: str
    second_label: str
    second: str
    cosine: float

    def __str__(self) -> str:
        """Both with their labels, and why they are named."""
        same = "equal but for case and spaces" if _folded(self.first) == _folded(self.second) else "cosine"
        names = [
            f"{label!r}" if label == phrasing else f"{phrasing!r} ({label})"
            for label, phrasing in ((self.first_label, self.first), (self.second_label, self.second))
        ]
        return f"{names[0]} and {names[1]}: {same}" + (f" {self.cosine:.3f}" if same == "cosine" else "")


def warn_of_likeness(label_set: LabelSet, vectors: FloatMatrix) -> None:
    """One ``LabelWarning`` that names phrasings which are too much alike, if there are any.

    These are: phrasings that are equal but for case and spaces, and phrasings of different labels whose cosine is
    ``NEAR_DUPLICATE_COSINE`` or more.

    Args:
        label_set: The labels.
        vectors: Unit-norm embeddings of ``label_set.texts``. Shape: ``(phrasings, width)``, float32.
    """
    found = sorted(alike(label_set, vectors), key=lambda pair: -pair.cosine)
    if not found:
        return
    rest = f"; and {len(found) - NAMED_AT_MOST:,} more" if len(found) > NAMED_AT_MOST else ""
    named = "; ".join(map(str, found[:NAMED_AT_MOST]))
    message = f"labels that can hardly be told apart: {named}{rest}. Say them differently, or make them one label"
    warnings.warn(message, LabelWarning, stacklevel=caller_level())


def alike(label_set: LabelSet, vectors: FloatMatrix) -> Iterator[Alike]:
    """Pairs of phrasings that are nearly the same, in the order of the first ones."""
    texts, folded = label_set.texts, [_folded(text) for text in label_set.texts]
    owners = np.repeat(np.arange(len(label_set.labels)), label_set.counts)
    _, wordings = np.unique(folded, return_inverse=True)
    for start in range(0, len(texts), BLOCK_ROWS):
        rows = slice(start, start + BLOCK_ROWS)
        cosines = vectors[rows] @ vectors.T
        is_near = (cosines >= NEAR_DUPLICATE_COSINE) & (owners[rows, np.newaxis] != owners)
        is_near |= wordings[rows, np.newaxis] == wordings
        is_later = np.arange(len(texts)) > np.arange(len(texts))[rows, np.newaxis]
        for row, other in np.argwhere(is_near & is_later).tolist():
            names = label_set.labels[owners[start + row]], label_set.labels[owners[other]]
            yield Alike(names[0], texts[start + row], names[1], texts[other], float(cosines[row, other]))


def _folded(text: str) -> str:
    """Without case, and with single spaces: what an uncased model reads."""
    return " ".join(text.casefold().split())
