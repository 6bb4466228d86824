"""A head's scores of one text -> the columns that are added to its row. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.bundle.manifest import LabelValue
from claxon.encoder.features import FloatMatrix
from claxon.heads.decision import ANY_LABEL, Abstention, Label, ranked


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
    """The columns that one head adds: ``label`` and ``score``, and what was asked for beside them.

    Flat (CSV) they are ``label``, ``score``, then ``label_2``, ``score_2`` and so on, then ``score_NAME`` a label.
    Nested (JSON) they are ``label``, ``score``, then ``labels``, a list of pairs, then ``scores``, an object.
    """

    labels: tuple[LabelValue, ...]
    label: str
    score: str
    nested_labels: str
    top_k: int
    all_scores: bool

    @classmethod
    def of(
        cls, labels: tuple[LabelValue, ...], *, head: str | None, prefix: str, top_k: int | None, all_scores: bool
    ) -> HeadColumns:
        """``predicted_label`` and ``score``; or, with ``head``, ``HEAD_label`` and ``HEAD_score``.

        ``top_k`` may be more than there are labels; ``None`` is all of them.
        """
        stem = prefix if head is None else f"{prefix}{head}_"
        label = f"{prefix}predicted_label" if head is None else f"{stem}label"
        n_ranks = len(labels) if top_k is None else min(top_k, len(labels))
        return cls(labels, label, f"{stem}score", f"{stem}labels", n_ranks, all_scores)

    def names(self, *, is_nested: bool) -> list[str]:
        """The columns' names, in order."""
        names = [self.label, self.score]
        if is_nested:
            return names + [self.nested_labels] * (self.top_k > 1) + [f"{self.score}s"] * self.all_scores
        for rank in range(2, self.top_k + 1):
            names += [f"{self.label}_{rank}", f"{self.score}_{rank}"]
        return names + [f"{self.score}_{label}" for label in self.labels if self.all_scores]

    def outcomes(self, scores: FloatMatrix, abstention: Abstention = ANY_LABEL) -> list[Outcome]:
        """One a text. Shape of ``scores``: ``(texts, labels)``."""
        passing = abstention.passing(scores).sum(axis=1).tolist()
        best = ranked(scores, self.labels, self.top_k)
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
