"""What the columns of labels and scores are called and hold: one scheme for the command line, jobs, Ray and Spark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.bundle.manifest import LabelValue
from claxon.encoder.features import FloatMatrix
from claxon.heads.decision import ANY_LABEL, Abstention, Label, ranked


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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a head says of one text.

    Attributes:
        best: Labels with scores, best first.
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
    """

    labels: tuple[LabelValue, ...]
    column: HeadNames
    top_k: int
    all_scores: bool

    @classmethod
    def from_labels(
        cls, labels: tuple[LabelValue, ...], column: HeadNames, *, top_k: int | None = 1, all_scores: bool = False
    ) -> HeadColumns:
        """``top_k`` may be more than there are labels; ``None`` is all of them."""
        return cls(labels, column, len(labels) if top_k is None else min(top_k, len(labels)), all_scores)

    def names(self, *, is_nested: bool) -> list[str]:
        """The columns' names, in order."""
        label, score = self.column.label, self.column.score
        names = [label, score]
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
        best = ranked(scores, shown, self.top_k)
        return [
            Outcome(labels, min(n_passing, self.top_k), row)
            for labels, n_passing, row in zip(best, passing, scores, strict=True)
        ]

    def flat(self, outcome: Outcome) -> dict[str, Any]:
        """Columns for CSV; a label that does not pass is ``None``, its score stays."""
        cells: list[Any] = []
        for rank, label in enumerate(outcome.best):
            cells += [label.label if rank < outcome.n_kept else None, shortest(label.score)]
        if self.all_scores:
            cells += [shortest(score) for score in outcome.scores]
        return dict(zip(self.names(is_nested=False), cells, strict=True))

    def nested(self, outcome: Outcome) -> dict[str, Any]:
        """Columns for JSON; labels that do not pass are not in the list."""
        kept = outcome.best[: outcome.n_kept]
        cells: list[Any] = [kept[0].label if kept else None, shortest(outcome.best[0].score)]
        if self.top_k > 1:
            cells.append([[label.label, shortest(label.score)] for label in kept])
        if self.all_scores:
            names = [str(label) for label in self.labels]
            cells.append(dict(zip(names, map(shortest, outcome.scores), strict=True)))
        return dict(zip(self.names(is_nested=True), cells, strict=True))


def shortest(score: float | np.float32) -> float:
    """The number with the fewest digits that is this float32: 0.9, not 0.8999999761581421."""
    return float(str(np.float32(score)))
