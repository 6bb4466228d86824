"""The training rows, and how they are fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from claxon.engine.hardware import available_threads
from claxon.text.inputs import Deduplicated
from claxon_export.data.labelled import LabelledTexts
from claxon_export.training.classes import Classes
from claxon_export.training.options import FitOptions
from claxon_export.training.solver import Problem
from claxon_export.training.splits import Split, held_out_split

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """The training rows.

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
        """What is to be fitted; rows that are not trained on weigh nothing. Shape: ``(rows, width)``."""
        return Problem(features, self.targets, self.n_labels, self._weights()[:, None]).only(self.rows)

    def _weights(self) -> Array:
        """One, or as scikit-learn balances: rows over labels over rows of the label."""
        if not self.is_weighted:
            return np.ones(len(self.targets))
        counts = np.bincount(self.targets[self.rows], minlength=self.n_labels)
        return np.asarray((len(self.rows) / (self.n_labels * counts))[self.targets])


@dataclass(frozen=True, slots=True)
class TrainingTexts:
    """What is known of the texts before they are encoded."""

    labelled: LabelledTexts
    classes: Classes
    split: Split

    @classmethod
    def from_labelled(cls, labelled: LabelledTexts, options: FitOptions) -> Self:
        """The classes of labeled texts, and a part of the texts held out as the options say.

        Raises:
            TrainingError: fewer than two different labels, or texts too few to hold some out.
            MissingDependencyError: scikit-learn is not installed.
        """
        classes = Classes.from_labelled(labelled)
        return cls(labelled, classes, held_out_split(classes.targets, options.test_size, options.seed))

    def rows(self, options: FitOptions) -> TrainingRows:
        """The training rows."""
        distinct = Deduplicated.from_texts(list(self.labelled.texts))
        return TrainingRows(
            rows=self.split.train,
            targets=self.classes.targets,
            texts=distinct.to_rows(np.arange(len(distinct.texts))),
            n_labels=len(self.classes.labels),
            is_weighted=options.is_weighted,
            max_steps=options.max_iter,
            threads=options.threads or available_threads(),
            seed=options.seed,
        )
