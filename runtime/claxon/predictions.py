"""What a classifier finds out about texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from claxon.encoder.features import FloatMatrix
from claxon.text.inputs import FailedRow
from claxon.text.tokens import BoolArray, IntArray


@dataclass(frozen=True, slots=True)
class Predictions:
    """All that one call found out, in the texts' order.

    Attributes:
        labels: The winning label of each text, ``None`` where threshold or margin is not met. Shape: ``(texts,)``;
            dtype as ``Classifier.predict`` says.
        scores: What the winners were chosen by. Shape: ``(texts, labels)``, float32.
        n_tokens: Tokens of each text before the cut; of a text of more than 16,384 characters at least so many.
            Shape: ``(texts,)``, int64.
        truncated: Which texts were cut. Shape: ``(texts,)``, bool.
        cosines: Of a similarity head, whatever its temperature; else ``None``. Shape: ``(texts, labels)``, float32.
        errors: With ``errors="record"`` the rows that are no texts, and why: their labels are ``None``, their scores
            and cosines NaN.
    """

    labels: np.ndarray[tuple[int], Any]
    scores: FloatMatrix
    n_tokens: IntArray
    truncated: BoolArray
    cosines: FloatMatrix | None = None
    errors: tuple[FailedRow, ...] = ()


def without_failed(predictions: Predictions, failed: Sequence[FailedRow]) -> Predictions:
    """The predictions with no label and no scores in the rows that failed; labels are objects, failed row or not."""
    rows = [failure.row for failure in failed]
    labels, scores = predictions.labels.astype(object), predictions.scores.copy()
    labels[rows], scores[rows] = None, np.nan
    cosines = predictions.cosines
    if cosines is not None:
        cosines = cosines.copy()
        cosines[rows] = np.nan
    return replace(predictions, labels=labels, scores=scores, cosines=cosines, errors=tuple(failed))
