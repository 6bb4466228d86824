"""Scores -> labels: the largest wins, unless it is too low or too near to the second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np

from claxon.bundle.manifest import LabelValue
from claxon.encoder.features import FloatMatrix
from claxon.errors import OptionError
from claxon.support.validation import real_number

LabelArray = np.ndarray[tuple[int], Any]
BoolMatrix = np.ndarray[tuple[int, int], np.dtype[np.bool_]]

# Scores are float32: 0.9 - 0.8 is 0.09999996 there, and whoever asks for a margin of 0.1 means that to pass.
MARGIN_ROUNDING = 2.0**-22


# One for all labels, or one for each of those that are named.
Threshold = float | Mapping[LabelValue, float]


class Label(NamedTuple):
    """A label and its score: unpacks, compares and is written to JSON as the pair that it is."""

    label: LabelValue
    score: float

    def __repr__(self) -> str:
        """Short enough to read in a list."""
        return f"Label({self.label!r}, {self.score:.4f})"


@dataclass(frozen=True, slots=True)
class Abstention:
    """When a text gets no label: the best score is below ``threshold``, or less than ``margin`` above the second best.

    ``None`` asks for nothing. A tuple of thresholds has one for each label.
    """

    threshold: float | tuple[float, ...] | None = None
    margin: float | None = None

    @classmethod
    def of(cls, threshold: object, margin: object) -> Self:
        """What a caller gives, checked.

        Raises:
            OptionError: one of them is not a number, or the margin is below 0.
        """
        least = threshold if isinstance(threshold, tuple) else _least(threshold)
        lead = real_number("margin", margin, none_means="the best label in any case")
        if lead is not None and lead < 0:
            raise OptionError(f"margin is {margin!r:.80}, expected 0 or more: the best score minus the second best")
        return cls(least, lead)

    @property
    def is_possible(self) -> bool:
        """Whether a label may be missing at all."""
        return self.threshold is not None or self.margin is not None

    def over(self, fallback: Abstention) -> Abstention:
        """This, and the fallback's word where this has none."""
        return Abstention(
            fallback.threshold if self.threshold is None else self.threshold,
            fallback.margin if self.margin is None else self.margin,
        )

    def passing(self, scores: FloatMatrix) -> BoolMatrix:
        """Which scores may be a label's: no NaN, and none of a row whose margin is too small.

        Args:
            scores: Shape: ``(texts, labels)``, float32. The threshold is compared in float32: 0.9 is not below 0.9.

        Returns:
            Shape: ``(texts, labels)``, bool.
        """
        passing: BoolMatrix = ~np.isnan(scores)
        if self.threshold is not None:
            passing &= scores >= np.asarray(self.threshold, np.float32)
        if self.margin is not None:
            passing &= (margins(scores) >= self.margin - MARGIN_ROUNDING)[:, np.newaxis]
        return passing


ANY_LABEL = Abstention()


def _least(threshold: object) -> float | None:
    return real_number("threshold", threshold, is_finite=False, none_means="the best label in any case")


def margins(scores: FloatMatrix) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The best score of each row minus the second best. Shape: ``(texts, 2 labels or more)`` to ``(texts,)``."""
    two = np.partition(scores.astype(np.float64), -2, axis=1)[:, -2:]
    lead: np.ndarray[tuple[int], np.dtype[np.float64]] = two[:, 1] - two[:, 0]
    return lead


def label_array(labels: Sequence[LabelValue]) -> LabelArray:
    """The labels as numpy has them: strings, integers or booleans; dtype object for a mixture. Shape: ``(labels,)``."""
    kinds = {type(label) for label in labels}
    return np.array(labels, dtype=None if len(kinds) == 1 else object)


def winners(scores: FloatMatrix, labels: Sequence[LabelValue], abstention: Abstention = ANY_LABEL) -> LabelArray:
    """The label with the largest score of each row, the first of equals.

    Args:
        scores: Shape: ``(texts, labels)``.
        labels: In the order of the columns.
        abstention: Rows whose largest score does not pass get ``None``.

    Returns:
        Shape ``(texts,)``; dtype object where ``None`` is possible, else that of ``label_array``.
    """
    best = scores.argmax(axis=1)
    chosen: LabelArray = label_array(labels)[best]
    if not abstention.is_possible:
        return chosen
    chosen = chosen.astype(object)
    chosen[~abstention.passing(scores)[np.arange(len(best)), best]] = None
    return chosen


def ranked(
    scores: FloatMatrix, labels: Sequence[LabelValue], top_k: int | None, abstention: Abstention = ANY_LABEL
) -> list[list[Label]]:
    """The ``top_k`` labels of each row, best first, without those that do not pass.

    Args:
        scores: Shape: ``(texts, labels)``, float32.
        labels: In the order of the columns.
        top_k: Labels a row at most; ``None`` for all.
        abstention: Leaves labels below its threshold out, and all of a row whose margin is too small.
    """
    order = np.argsort(-scores, axis=1, kind="stable")[:, :top_k]
    passing = abstention.passing(scores)
    return [
        [Label(labels[column], float(row[column])) for column in columns if is_passing[column]]
        for row, columns, is_passing in zip(scores, order, passing, strict=True)
    ]


def holding(scores: FloatMatrix, labels: Sequence[LabelValue], abstention: Abstention) -> LabelArray:
    """The labels of each row that pass, in their own order.

    Args:
        scores: Shape: ``(texts, labels)``, float32.
        labels: In the order of the columns.
        abstention: Its threshold decides, label by label.

    Returns:
        Tuples, shape ``(texts,)``, dtype object.
    """
    chosen = np.empty(len(scores), object)
    for row, passing in enumerate(abstention.passing(scores)):
        chosen[row] = tuple(label for label, is_passing in zip(labels, passing, strict=True) if is_passing)
    return chosen


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


def shortest(score: float | np.float32) -> float:
    """The number with the fewest digits that is this float32: 0.9, not 0.8999999761581421."""
    return float(str(np.float32(score)))
