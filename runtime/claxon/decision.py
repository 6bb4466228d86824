"""Scores -> labels: the largest wins, unless it is below the threshold. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.features import FloatMatrix
from claxon.manifest import LabelValue

LabelArray = np.ndarray[tuple[int], Any]


@dataclass(frozen=True, slots=True)
class Label:
    """A label and its score."""

    label: LabelValue
    score: float

    def __repr__(self) -> str:
        """Short enough to read in a list."""
        return f"Label({self.label!r}, {self.score:.4f})"


def label_array(labels: Sequence[LabelValue]) -> LabelArray:
    """The labels as numpy has them: strings, integers or booleans; dtype object for a mixture. Shape: ``(labels,)``."""
    kinds = {type(label) for label in labels}
    return np.array(labels, dtype=None if len(kinds) == 1 else object)


def winners(scores: FloatMatrix, labels: Sequence[LabelValue], threshold: float | None = None) -> LabelArray:
    """The label with the largest score of each row, the first of equals.

    Args:
        scores: Shape: ``(texts, labels)``.
        labels: In the order of the columns.
        threshold: Rows whose largest score is below it, in float32, get ``None``.

    Returns:
        Shape ``(texts,)``; dtype object with a threshold, else that of ``label_array``.
    """
    best = scores.argmax(axis=1)
    chosen: LabelArray = label_array(labels)[best]
    if threshold is None:
        return chosen
    chosen = chosen.astype(object)
    chosen[scores[np.arange(len(best)), best] < np.float32(threshold)] = None
    return chosen


def ranked(
    scores: FloatMatrix, labels: Sequence[LabelValue], top_k: int | None, threshold: float | None = None
) -> list[list[Label]]:
    """The ``top_k`` labels of each row, best first, without those whose score is below ``threshold``.

    Args:
        scores: Shape: ``(texts, labels)``, float32.
        labels: In the order of the columns.
        top_k: Labels a row at most; ``None`` for all.
        threshold: Compared in float32, as in ``winners``: 0.9 is not below 0.9.
    """
    order = np.argsort(-scores, axis=1, kind="stable")[:, :top_k]
    least = np.float32(-np.inf if threshold is None else threshold)
    return [
        [Label(labels[column], float(row[column])) for column in columns if row[column] >= least]
        for row, columns in zip(scores, order, strict=True)
    ]


def softmax(logits: FloatMatrix, temperature: float = 1.0) -> FloatMatrix:
    """``exp(x / t) / sum(exp(x / t))`` of each row, by way of float64 so that no ``t`` is too small.

    Args:
        logits: Shape: ``(texts, labels)``, float32.
        temperature: ``t``, above 0.

    Returns:
        Shape: ``(texts, labels)``, float32; rows sum to one.
    """
    with np.errstate(over="ignore"):  # to minus infinity, of which the power is 0
        exponents = (logits.astype(np.float64) - logits.max(axis=1, keepdims=True)) / temperature
    powers = np.exp(exponents)
    probabilities: FloatMatrix = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return probabilities
