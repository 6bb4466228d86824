"""The results of metrics: estimates with intervals, scores of labels, bins, comparisons, learning curves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from claxon.bundle.manifest import Feature, LabelValue


class Metric(StrEnum):
    """What a head is evaluated by. All are better when larger, but ``log_loss`` and ``calibration_error``."""

    ACCURACY = "accuracy"
    MACRO_F1 = "macro_f1"
    WEIGHTED_F1 = "weighted_f1"
    LOG_LOSS = "log_loss"
    CALIBRATION_ERROR = "calibration_error"
    WITHIN_ONE = "within_one"
    COVERAGE = "coverage"
    ANSWERED_ACCURACY = "answered_accuracy"

    @property
    def is_loss(self) -> bool:
        """Whether smaller is better."""
        return self in (Metric.LOG_LOSS, Metric.CALIBRATION_ERROR)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % bootstrap percentile interval; ``None`` where resampling cannot tell one."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class LabelScores:
    """One label's line of the classification report; ``support`` texts have it, ``predicted`` texts were given it."""

    label: LabelValue
    precision: float
    recall: float
    f1: float
    support: int
    predicted: int


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Texts whose best probability lies above ``low`` and up to ``high``; means are ``None`` without texts."""

    low: float
    high: float
    texts: int
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class ScoreHistogram:
    """How many texts have their best score between two neighbors of ``edges``, labeled right and labeled wrong."""

    edges: tuple[float, ...]
    right: tuple[int, ...]
    wrong: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two heads, or a head and a baseline, on the same texts.

    ``difference`` is the first's accuracy less the second's. ``p_value`` is McNemar's, two-sided, by ``test``.
    """

    first: str
    second: str
    only_first_right: int
    only_second_right: int
    difference: Estimate
    p_value: float
    test: str

    @property
    def better_first(self) -> Comparison:
        """The same, turned if the second labels more texts right."""
        if self.only_first_right >= self.only_second_right:
            return self
        result = self.difference
        low, high = (None if end is None else -end for end in (result.high, result.low))
        return replace(
            self,
            first=self.second,
            second=self.first,
            only_first_right=self.only_second_right,
            only_second_right=self.only_first_right,
            difference=Estimate(-result.value, low, high),
        )


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Accuracy of a head fitted on so many labeled texts: the mean over ``fits`` draws, the lowest, the highest."""

    texts: int
    accuracy: float
    low: float
    high: float
    fits: int


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """How accuracy grows with labeled texts; ``source`` says which texts were trained on and which evaluated."""

    feature: Feature
    source: str
    points: tuple[CurvePoint, ...]


def spelled(label: LabelValue) -> str:
    """A label as a person writes it down: ``true`` and ``false`` in small letters, as JSON has them."""
    return str(label).lower() if isinstance(label, bool) else str(label)
