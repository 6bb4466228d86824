"""What was found out about a bundle's heads on labelled texts. Frozen, and JSON without loss of figures. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np

from claxon.bundle.manifest import Feature, HeadKind, LabelValue, ScoreKind
from claxon.storage.strict_json import encode

EVALUATION_SCHEMA = 1


class Metric(StrEnum):
    """What a head is judged by. All are better when larger, but ``log_loss`` and ``calibration_error``."""

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
    """How many texts have their best score between two neighbours of ``edges``, labelled right and labelled wrong."""

    edges: tuple[float, ...]
    right: tuple[int, ...]
    wrong: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WrongText:
    """A text that was labelled wrong, and how sure the head was; ``line`` is its place in the source."""

    line: int
    text: str
    truth: LabelValue
    predicted: LabelValue
    score: float


@dataclass(frozen=True, slots=True)
class SlowText:
    """A text run alone: the median of three runs of encoder and heads; ``n_tokens`` are those before the cut."""

    line: int
    text: str
    n_tokens: int
    latency_ms: float


@dataclass(frozen=True, slots=True)
class HeadEvaluation:
    """One head.

    Attributes:
        labels: In the order of the scores' columns.
        absent_labels: Those that no text of the data has.
        metrics: What can be told; ``not_told`` has the reasons for the others.
        confusion: Texts by truth (rows) and by the label given (columns), both in the order of ``labels``.
        abstained: Texts of each truth that were given no label.
        reliability: ``None`` where the scores are no probabilities.
        wrong: The most confidently wrong first.
    """

    name: str
    kind: HeadKind
    feature: Feature
    score_kind: ScoreKind
    temperature: float | None
    labels: tuple[LabelValue, ...]
    absent_labels: tuple[LabelValue, ...]
    metrics: Mapping[Metric, Estimate]
    not_told: Mapping[Metric, str]
    report: tuple[LabelScores, ...]
    confusion: tuple[tuple[int, ...], ...]
    abstained: tuple[int, ...]
    reliability: tuple[ReliabilityBin, ...] | None
    scores: ScoreHistogram
    wrong: tuple[WrongText, ...]


@dataclass(frozen=True, slots=True)
class BaselineEvaluation:
    """A classifier that looks at no text: ``most_frequent`` or ``stratified``."""

    name: str
    metrics: Mapping[Metric, Estimate]


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
        found = self.difference
        low, high = (None if end is None else -end for end in (found.high, found.low))
        return replace(
            self,
            first=self.second,
            second=self.first,
            only_first_right=self.only_second_right,
            only_second_right=self.only_first_right,
            difference=Estimate(-found.value, low, high),
        )


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Accuracy of a head fitted on so many labelled texts: the mean over ``fits`` draws, the lowest, the highest."""

    texts: int
    accuracy: float
    low: float
    high: float
    fits: int


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """How accuracy grows with labelled texts; ``source`` says which texts were learnt from and which judged."""

    feature: Feature
    source: str
    points: tuple[CurvePoint, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """The labelled texts: what they are called, how many were judged, and what was left out and why.

    ``place`` says what the places of texts count: ``line`` of a file from 1, or ``row`` of a list from 0.
    """

    name: str
    sha256: str
    place: str
    texts: int
    left_out: Mapping[str, int]
    label_counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Conditions:
    """What ran, and the choices that decide the figures."""

    bundle: str
    digest: str
    architecture: str
    precision: str
    device: str
    max_tokens: int
    threshold: float | None
    margin: float | None
    resamples: int
    seed: int
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class MapSample:
    """Texts for the map of the embeddings: all of them, or a seeded draw.

    Attributes:
        truths: The label of each text, as the data has it. Shape: ``(texts,)``.
        vectors: By feature. Shape: ``(texts, width)``, float32.
        is_wrong: By head. Shape: ``(texts,)``, bool.
        total: How many texts it was drawn from.
    """

    truths: tuple[str, ...]
    vectors: Mapping[Feature, np.ndarray[Any, Any]]
    is_wrong: Mapping[str, np.ndarray[Any, Any]]
    total: int
    seed: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that was found. ``sample`` is for the picture of the embeddings, and is in no JSON."""

    conditions: Conditions
    source: Source
    heads: tuple[HeadEvaluation, ...]
    baselines: tuple[BaselineEvaluation, ...]
    comparisons: tuple[Comparison, ...]
    slowest: tuple[SlowText, ...]
    truncated: int
    notes: tuple[str, ...]
    learning_curves: tuple[LearningCurve, ...] = ()
    sample: MapSample | None = field(default=None, repr=False, compare=False)

    @property
    def judged(self) -> tuple[HeadEvaluation | BaselineEvaluation, ...]:
        """The heads, then the baselines."""
        return (*self.heads, *self.baselines)

    def head(self, name: str) -> HeadEvaluation:
        """The head of that name.

        Raises:
            KeyError: it was not judged.
        """
        return {head.name: head for head in self.heads}[name]

    def as_dict(self) -> dict[str, Any]:
        """What JSON can hold, ``schema`` first."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__ if name != "sample"}
        return {"schema": EVALUATION_SCHEMA, **encode(fields)}

    def to_json(self) -> str:
        """The evaluation as JSON, indented by two, the same text for the same content."""
        return json.dumps(self.as_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def spelled(label: LabelValue) -> str:
    """A label as a person writes it down: ``true`` and ``false`` in small letters, as JSON has them."""
    return str(label).lower() if isinstance(label, bool) else str(label)
