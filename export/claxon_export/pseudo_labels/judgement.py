"""How a bootstrapped head compares: with similarity on the rest of the texts, and with the truth where it is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from claxon.bundle.bundle import Bundle
from claxon.encoder.features import FloatMatrix
from claxon.text.tokens import BoolArray, IntArray
from claxon_export.pseudo_labels.report import BootstrapReport, LabelChoice, PseudoLabel, Truth
from claxon_export.pseudo_labels.selection import Selection
from claxon_export.pseudo_labels.truth import KnownTruth


@dataclass(frozen=True, slots=True)
class Judgement:
    """All that a report is made of.

    Attributes:
        scores: Of similarity. Shape: ``(texts, labels)``, float32.
        head_columns: Columns of the labels that the head gives; ``None`` where there is no head. Shape: ``(texts,)``.
    """

    labels: Sequence[str]
    texts: Sequence[str]
    scores: FloatMatrix
    selection: Selection
    known: KnownTruth
    head_columns: IntArray | None

    def report(self, bundle: Bundle, head: str) -> BootstrapReport:
        """The report."""
        is_rest = ~(self.known.is_held_out | self._is_chosen())
        return BootstrapReport(
            bundle,
            head,
            tuple(self._choice(column, label) for column, label in enumerate(self.labels)),
            tuple(self._pseudo_label(int(row)) for row in self.selection.rows),
            n_texts=len(self.texts),
            n_rest=int(is_rest.sum()),
            agreement=self._agreement(is_rest),
            truth=self._truth() if self.known.is_held_out.any() else None,
            is_trial=self.head_columns is None,
        )

    def _agreement(self, where: BoolArray) -> float | None:
        if self.head_columns is None or not where.any():
            return None
        return _share(self.head_columns, self.selection.nearest, where)

    def _choice(self, column: int, label: str) -> LabelChoice:
        rows = self.selection.rows_of(column)
        n_nearest = int((self.selection.nearest == column).sum())
        smallest = float(self.selection.margins[rows[-1]]) if len(rows) else None
        examples = dict.fromkeys(self.texts[row] for row in (*rows[:1], *rows[-1:]))
        return LabelChoice(label, n_nearest, len(rows), smallest, tuple(examples))

    def _pseudo_label(self, row: int) -> PseudoLabel:
        column = self.selection.nearest[row]
        score, margin = float(self.scores[row, column]), float(self.selection.margins[row])
        return PseudoLabel(row, self.labels[column], score, margin)

    def _truth(self) -> Truth:
        truth, is_held_out = self.known.columns, self.known.is_held_out
        is_chosen = self._is_chosen() & self.known.is_known
        seen = truth[~is_held_out & self.known.is_known]
        commonest = np.full(len(truth), np.bincount(seen).argmax()) if len(seen) else None
        return Truth(
            n_held_out=int(is_held_out.sum()),
            similarity_accuracy=_share(self.selection.nearest, truth, is_held_out),
            head_accuracy=None if self.head_columns is None else _share(self.head_columns, truth, is_held_out),
            baseline_accuracy=None if commonest is None else _share(commonest, truth, is_held_out),
            n_chosen=int(is_chosen.sum()),
            chosen_accuracy=_share(self.selection.nearest, truth, is_chosen) if is_chosen.any() else None,
        )

    def _is_chosen(self) -> BoolArray:
        is_chosen: BoolArray = np.zeros(len(self.texts), np.bool_)
        is_chosen[self.selection.rows] = True
        return is_chosen


def _share(result: IntArray, expected: IntArray, where: BoolArray) -> float:
    """Of the texts there, those where both are one. Shapes: ``(texts,)``."""
    return float(np.equal(result, expected)[where].mean())
