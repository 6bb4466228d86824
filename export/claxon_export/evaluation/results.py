"""What was found out about a bundle's heads on labeled texts. Frozen, and JSON without loss of figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from claxon.bundle.manifest import Feature, HeadKind, LabelValue, ScoreKind
from claxon.storage.strict_json import encode
from claxon_export.metrics.results import (
    Comparison,
    Estimate,
    LabelScores,
    LearningCurve,
    Metric,
    ReliabilityBin,
    ScoreHistogram,
)

EVALUATION_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class WrongText:
    """A text that was labeled wrong, and how sure the head was; ``line`` is its place in the source."""

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
class Source:
    """The labeled texts: what they are called, how many were evaluated, and what was left out and why.

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
            KeyError: it was not evaluated.
        """
        return {head.name: head for head in self.heads}[name]

    def as_dict(self) -> dict[str, Any]:
        """What JSON can hold, ``schema`` first."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__ if name != "sample"}
        return {"schema": EVALUATION_SCHEMA, **encode(fields)}

    def to_json(self) -> str:
        """The evaluation as JSON, indented by two, the same text for the same content."""
        return json.dumps(self.as_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
