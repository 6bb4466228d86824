"""Candidate labels scored by entailment: texts, a hypothesis for each label, and a head trained on entailment.

Yin et al. 2019, https://arxiv.org/abs/1909.00161; the scores are those of transformers' zero-shot-classification.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from claxon.bundle.manifest import Feature, LabelValue, ScoreKind
from claxon.encoder.features import FloatMatrix
from claxon.errors import OptionError
from claxon.heads.decision import softmax
from claxon.heads.heads import GraphHead, Head

HYPOTHESIS = "This example is {}."
# What the names of a head's labels begin with, in any case: "entailment", "ENTAILMENT", "contradiction".
ENTAILMENT, CONTRADICTION = "entail", "contradict"


def entailment_column(labels: Sequence[LabelValue]) -> int | None:
    """Which label says that a text entails a hypothesis; ``None`` if none does."""
    return _column(labels, ENTAILMENT)


def contradiction_column(labels: Sequence[LabelValue]) -> int | None:
    """Which label says the opposite: ``contradiction`` by its name, or of two labels the other one."""
    entailment = entailment_column(labels)
    if entailment is not None and len(labels) == 2:
        return 1 - entailment
    return _column(labels, CONTRADICTION)


def _column(labels: Sequence[LabelValue], beginning: str) -> int | None:
    return next((i for i, label in enumerate(labels) if str(label).lower().startswith(beginning)), None)


@dataclass(frozen=True, slots=True)
class EntailmentHead:
    """A head of candidate labels, which reads a head that was trained on entailment.

    Attributes:
        source: That head.
        labels: The candidates.
        hypotheses: One for each.
        columns: Of the source's logits: that of contradiction, where it is needed, and that of entailment.
    """

    source: GraphHead
    labels: tuple[str, ...]
    hypotheses: tuple[str, ...]
    columns: tuple[int, ...]
    name: str = "zero-shot"
    temperature: float | None = None

    @classmethod
    def of(
        cls, source: Head, labels: Sequence[str], template: str = HYPOTHESIS, *, multi_label: bool = False
    ) -> EntailmentHead:
        """Make hypotheses of the labels, and look up the columns that are read.

        Args:
            source: A head of a bundle.
            labels: One or more; one is scored as with ``multi_label``.
            template: A hypothesis, with ``{}`` where the label goes.
            multi_label: Whether any number of labels may hold.

        Raises:
            OptionError: no labels, a repeated one, or one that is no ``str`` or empty; a template without ``{}``; a
                source without a label for entailment, or without the one for contradiction where it is needed.
        """
        hypotheses = hypotheses_of(labels, template)
        entailment = entailment_column(source.labels)
        names = ", ".join(map(repr, source.labels))
        if entailment is None:
            raise OptionError(
                f"head {source.name!r} was not trained on entailment: it has no label 'entailment', its labels are "
                f"{names}"
            )
        if not isinstance(source, GraphHead) or not source.has_logits:
            raise OptionError(
                f"head {source.name!r} gives no logits, which zero-shot needs; export the checkpoint again"
            )
        if not multi_label and len(labels) > 1:
            return cls(source, tuple(labels), hypotheses, (entailment,))
        contradiction = contradiction_column(source.labels)
        if contradiction is None:
            raise OptionError(
                f"head {source.name!r} has no label 'contradiction', which multi_label and a single label need; "
                f"its labels are {names}"
            )
        return cls(source, tuple(labels), hypotheses, (contradiction, entailment))

    @property
    def feature(self) -> Feature:
        """The feature of pairs that the source reads."""
        return self.source.feature

    @property
    def score_kind(self) -> ScoreKind:
        """Probabilities that sum to one, or one for each label by itself."""
        return ScoreKind.PROBABILITY if len(self.columns) == 1 else ScoreKind.MULTI_LABEL

    def logits(self, features: FloatMatrix) -> FloatMatrix:
        """What the scores are made of.

        Args:
            features: Of each text with each hypothesis, text after text. Shape: ``(texts * labels, width)``, float32.

        Returns:
            Shape: ``(texts, labels * columns)``, float32.
        """
        width = len(self.labels) * len(self.columns)
        return np.ascontiguousarray(self.source.logits(features)[:, list(self.columns)]).reshape(-1, width)

    def __call__(self, features: FloatMatrix) -> FloatMatrix:
        """Scores ``(texts, labels)`` for what ``logits`` gives, float32 both."""
        if len(self.columns) == 1:
            return softmax(features) if len(features) else features
        pairs = features.reshape(-1, 2)
        scores = softmax(pairs)[:, 1] if len(pairs) else pairs[:, 1]
        return np.ascontiguousarray(scores).reshape(-1, len(self.labels))


def hypotheses_of(labels: Sequence[str], template: str) -> tuple[str, ...]:
    """One hypothesis a label: the template, formatted with it; a label's own braces stay as they are.

    Raises:
        OptionError: as ``EntailmentHead.of``.
    """
    if isinstance(labels, str):
        raise OptionError(f"labels is one str, {labels!r:.80}; expected a list: labels.split(',') makes one")
    if not labels:
        raise OptionError("labels is empty, expected one or more")
    for label in labels:
        if not isinstance(label, str) or not label.strip():
            raise OptionError(f"a label is {label!r:.80}, expected a str that is not blank")
    repeated = next((label for i, label in enumerate(labels) if label in labels[:i]), None)
    if repeated is not None:
        raise OptionError(f"the label {repeated!r:.80} is given twice")
    if not isinstance(template, str) or "{}" not in template:
        raise OptionError(f"hypothesis_template is {template!r:.80}, expected a str with {{}} where the label goes")
    try:
        hypotheses = tuple(template.format(label) for label in labels)
    except (IndexError, KeyError, ValueError, AttributeError) as error:
        raise OptionError(f"hypothesis_template is {template!r:.80}, expected {{}} once and no other braces") from error
    if len(set(hypotheses)) < len(hypotheses) or hypotheses[0] == template:
        raise OptionError(f"hypothesis_template is {template!r:.80}, which has no place for the label")
    return hypotheses
