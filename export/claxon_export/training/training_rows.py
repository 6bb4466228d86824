"""The rows that are learnt from, and how they are fitted. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon_export.training.solver import Problem

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """Which rows are learnt from.

    Attributes:
        rows: Them. Shape: ``(n_train,)``.
        targets: Columns of the labels of all rows. Shape: ``(rows,)``.
        texts: Numbers of the texts of all rows: equal texts have the same, and one fold. Shape: ``(rows,)``.
        n_labels: How many labels there are.
        is_weighted: Whether rare labels weigh more, so that all labels weigh the same.
        max_steps: Of the solver.
        threads: Fits of the learning curve that are computed side by side.
        seed: Of samples and folds.
    """

    rows: Array
    targets: Array
    texts: Array
    n_labels: int
    is_weighted: bool
    max_steps: int
    threads: int
    seed: int

    def problem(self, features: Array) -> Problem:
        """What is to be fitted; rows that are not learnt from weigh nothing. Shape: ``(rows, width)``."""
        return Problem(features, self.targets, self.n_labels, self._weights()[:, None]).only(self.rows)

    def _weights(self) -> Array:
        """One, or as scikit-learn balances: rows over labels over rows of the label."""
        if not self.is_weighted:
            return np.ones(len(self.targets))
        counts = np.bincount(self.targets[self.rows], minlength=self.n_labels)
        return np.asarray((len(self.rows) / (self.n_labels * counts))[self.targets])
