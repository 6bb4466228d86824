"""What a head answers, by the kind of its scores: one label, any number of labels, or a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from claxon.bundle.manifest import LabelValue, ScoreKind
from claxon.encoder.features import FloatMatrix, FloatVector
from claxon.errors import OptionError
from claxon.heads.decision import Abstention, Threshold, holding, softmax, winners
from claxon.support.validation import real_number

# Of labels that do not exclude each other: as probable as not.
MULTI_LABEL_THRESHOLD = 0.5


class Answering(Protocol):
    """What a head must say of its scores."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def labels(self) -> tuple[LabelValue, ...]:
        """The labels, in the order of the scores' columns."""

    @property
    def score_kind(self) -> ScoreKind:
        """What the scores are."""

    @property
    def temperature(self) -> float | None:
        """Turns cosines into probabilities; ``None`` leaves them cosines."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a head says of texts.

    Attributes:
        labels: What ``Classifier.predict`` gives. Shape: ``(texts,)``.
        scores: What it was chosen by. Shape: ``(texts, labels)``, float32.
        cosines: Of a similarity head, whatever its temperature; else ``None``. Shape: ``(texts, labels)``, float32.
    """

    labels: np.ndarray[tuple[int], Any]
    scores: FloatMatrix
    cosines: FloatMatrix | None = None

    @property
    def best(self) -> FloatVector:
        """The largest score of each text. Shape: ``(texts,)``, float32."""
        best: FloatVector = self.scores.max(axis=1)
        return best


def answered(head: Answering, given: FloatMatrix, abstention: Abstention) -> Answers:
    """The answers that a head's scores come to.

    Args:
        head: Whose scores they are.
        given: As the head's graph gives them. Shape: ``(texts, labels)``, float32.
        abstention: What the caller asks for.

    Raises:
        OptionError: threshold or margin is not for such a head.
    """
    scores = given if head.temperature is None else softmax(given, head.temperature)
    limits = limits_of(head.name, head.score_kind, thresholds_of(head), abstention)
    if head.score_kind is ScoreKind.REGRESSION:
        return Answers(scores[:, 0], scores)
    if head.score_kind is ScoreKind.MULTI_LABEL:
        return Answers(holding(scores, head.labels, limits), scores)
    cosines = given if head.score_kind is ScoreKind.COSINE else None
    return Answers(winners(scores, head.labels, limits), scores, cosines)


def limits_of(name: str, kind: ScoreKind, thresholds: tuple[float, ...] | None, abstention: Abstention) -> Abstention:
    """What the caller asks for, and the head's own thresholds where nothing is asked for.

    Args:
        name: Of the head.
        kind: Of its scores.
        thresholds: Its own.
        abstention: What the caller asks for.

    Raises:
        OptionError: a regression has neither threshold nor margin, and labels that do not exclude each other have no
            margin.
    """
    if kind is ScoreKind.REGRESSION and abstention.is_possible:
        raise OptionError(f"head {name!r} gives numbers, which no threshold and no margin are for; leave them out")
    if kind is not ScoreKind.MULTI_LABEL:
        return abstention
    if abstention.margin is not None:
        raise OptionError(
            f"head {name!r} gives any number of labels, of which none is the second best; give a threshold, not "
            "a margin"
        )
    return abstention.over(Abstention(thresholds or MULTI_LABEL_THRESHOLD))


def threshold_for(head: Answering, threshold: Threshold | None) -> float | tuple[float, ...] | None:
    """A threshold for each of the head's labels, where some are named; those that are not keep the head's own.

    Raises:
        OptionError: no number, or no such label; the message lists those that there are.
    """
    if not isinstance(threshold, Mapping):
        return real_number("threshold", threshold, is_finite=False, none_means="the best label in any case")
    unknown = [label for label in threshold if label not in head.labels]
    if unknown or not threshold:
        named = f"{unknown[0]!r:.80}" if unknown else "no label"
        raise OptionError(f"threshold names {named}, expected some of {', '.join(map(repr, head.labels))}")
    own = dict(zip(head.labels, _own_thresholds(head), strict=True))
    given = {
        label: real_number(f"threshold of {label!r}", least, none_means="its own") for label, least in threshold.items()
    }
    return tuple(own[label] if given.get(label) is None else float(threshold[label]) for label in head.labels)


def thresholds_of(head: Answering) -> tuple[float, ...] | None:
    """A head's own thresholds, one for each of labels that do not exclude each other; most heads have none."""
    thresholds: tuple[float, ...] | None = getattr(head, "thresholds", None)
    return thresholds


def _own_thresholds(head: Answering) -> Sequence[float]:
    if head.score_kind is not ScoreKind.MULTI_LABEL:
        return [-np.inf] * len(head.labels)
    return thresholds_of(head) or [MULTI_LABEL_THRESHOLD] * len(head.labels)
