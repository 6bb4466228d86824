"""What the columns of labels and scores are called and hold: one scheme for the command line, jobs, Ray and Spark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.bundle.manifest import LabelValue, ScoreKind
from claxon.encoder.features import FloatMatrix
from claxon.errors import OptionError
from claxon.heads.decision import ANY_LABEL, Abstention, Label, ranked, shortest


@dataclass(frozen=True, slots=True)
class HeadNames:
    """The names of one head's columns; ``labels`` and ``scores`` are those of nested lists and objects (JSON)."""

    label: str
    score: str
    labels: str
    scores: str


def head_names(heads: Sequence[str], prefix: str) -> dict[str, HeadNames]:
    """``predicted_label`` and ``score``; with several heads ``predicted_label_HEAD`` and ``score_HEAD`` of each."""
    stems = ("predicted_label", "score", "labels", "scores")
    ends = {head: f"_{head}" if len(heads) > 1 else "" for head in heads}
    return {head: HeadNames(*(f"{prefix}{stem}{end}" for stem in stems)) for head, end in ends.items()}


def label_kind(labels: Sequence[LabelValue]) -> type[LabelValue]:
    """The type of a column of labels: ``bool``, ``int``, ``float`` or ``str``; mixed types become strings."""
    kinds = {type(label) for label in labels}
    return kinds.pop() if len(kinds) == 1 else str


# Between the labels of one text, in CSV.
SEPARATOR = "|"


def answer_columns(kind: ScoreKind, names: HeadNames) -> list[str]:
    """The columns of a head's answers: its label and score; of a regression its number alone, as the score."""
    return [names.score] if kind is ScoreKind.REGRESSION else [names.label, names.score]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a head says of one text.

    Attributes:
        best: Labels with scores, best first; all of them where any number may hold.
        n_kept: How many of ``best`` pass threshold and margin.
        scores: Of every label, in the labels' order. Shape: ``(labels,)``, float32.
    """

    best: list[Label]
    n_kept: int
    scores: np.ndarray[tuple[int], np.dtype[np.float32]]


@dataclass(frozen=True, slots=True)
class HeadColumns:
    """The columns that one head adds: its label and score, and what was requested beside them.

    Flat (CSV) they are ``label``, ``score``, then ``label_2``, ``score_2`` and so on, then ``score_NAME`` a label.
    Nested (JSON) they are ``label``, ``score``, then ``labels``, a list of pairs, then ``scores``, an object.

    Of a ``multi_label`` head ``label`` holds every label that passes, joined by ``|`` (in JSON a list), and ``score``
    the largest of all; ``top_k`` is not for it. A ``regression`` has its number as ``score``, and nothing else.
    """

    labels: tuple[LabelValue, ...]
    column: HeadNames
    top_k: int
    all_scores: bool
    kind: ScoreKind = ScoreKind.PROBABILITY

    @classmethod
    def from_labels(
        cls,
        labels: tuple[LabelValue, ...],
        column: HeadNames,
        *,
        top_k: int | None = 1,
        all_scores: bool = False,
        kind: ScoreKind = ScoreKind.PROBABILITY,
    ) -> HeadColumns:
        """``top_k`` may be more than there are labels; ``None`` is all of them."""
        most = len(labels) if top_k is None else min(top_k, len(labels))
        return cls(labels, column, most, all_scores and kind is not ScoreKind.REGRESSION, kind)

    def check_flat(self) -> None:
        """Raise ``OptionError`` if labels that CSV joins hold the sign that joins them."""
        bad = [label for label in self.labels if self.kind is ScoreKind.MULTI_LABEL and SEPARATOR in str(label)]
        if bad:
            raise OptionError(f"the label {bad[0]!r} holds {SEPARATOR!r}, which joins labels in CSV; use --json")

    def names(self, *, is_nested: bool) -> list[str]:
        """The columns' names, in order."""
        label, score = self.column.label, self.column.score
        names = answer_columns(self.kind, self.column)
        if not self.kind.is_exclusive:
            every = [self.column.scores] if is_nested else [f"{score}_{name}" for name in self.labels]
            return names + every * self.all_scores
        if is_nested:
            return names + [self.column.labels] * (self.top_k > 1) + [self.column.scores] * self.all_scores
        for rank in range(2, self.top_k + 1):
            names += [f"{label}_{rank}", f"{score}_{rank}"]
        return names + [f"{score}_{name}" for name in self.labels if self.all_scores]

    def outcomes(self, scores: FloatMatrix, abstention: Abstention = ANY_LABEL) -> list[Outcome]:
        """One a text. Shape of ``scores``: ``(texts, labels)``."""
        passing = abstention.passing(scores).sum(axis=1).tolist()
        # A column holds one type: labels of several types are written as strings.
        is_mixed = label_kind(self.labels) is str
        shown = tuple(str(label) for label in self.labels) if is_mixed else self.labels
        best = ranked(scores, shown, self.top_k if self.kind.is_exclusive else None)
        return [
            Outcome(labels, min(n_passing, len(labels)), row)
            for labels, n_passing, row in zip(best, passing, scores, strict=True)
        ]

    def flat(self, outcome: Outcome) -> dict[str, Any]:
        """Columns for CSV; a label that does not pass is ``None``, its score stays."""
        cells: list[Any] = []
        if not self.kind.is_exclusive:
            held = self._held(outcome)
            cells += [] if held is None else [SEPARATOR.join(map(str, held))]
            cells += [shortest(outcome.best[0].score), *(map(shortest, outcome.scores) if self.all_scores else ())]
            return dict(zip(self.names(is_nested=False), cells, strict=True))
        for rank, label in enumerate(outcome.best):
            cells += [label.label if rank < outcome.n_kept else None, shortest(label.score)]
        if self.all_scores:
            cells += [shortest(score) for score in outcome.scores]
        return dict(zip(self.names(is_nested=False), cells, strict=True))

    def nested(self, outcome: Outcome) -> dict[str, Any]:
        """Columns for JSON; labels that do not pass are not in the list."""
        kept, held = outcome.best[: outcome.n_kept], self._held(outcome)
        cells: list[Any] = [kept[0].label if kept else None] if self.kind.is_exclusive else [held] * (held is not None)
        cells.append(shortest(outcome.best[0].score))
        if self.top_k > 1 and self.kind.is_exclusive:
            cells.append([[label.label, shortest(label.score)] for label in kept])
        if self.all_scores:
            names = [str(label) for label in self.labels]
            cells.append(dict(zip(names, map(shortest, outcome.scores), strict=True)))
        return dict(zip(self.names(is_nested=True), cells, strict=True))

    def _held(self, outcome: Outcome) -> list[LabelValue] | None:
        """The labels that pass, in their own order, where any number may; else ``None``."""
        if self.kind is not ScoreKind.MULTI_LABEL:
            return None
        held = {one.label for one in outcome.best[: outcome.n_kept]}
        is_mixed = label_kind(self.labels) is str
        return [label for label in (map(str, self.labels) if is_mixed else self.labels) if label in held]
