"""Labelled texts, their classes, and which of them are held out. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from claxon.distinct import Distinct
from claxon.threads import available_threads
from claxon_export.labelled import LabelledTexts
from claxon_export.training.classes import Classes
from claxon_export.training.options import FitOptions
from claxon_export.training.splitting import Split, held_out_split
from claxon_export.training.training_rows import TrainingRows


@dataclass(frozen=True, slots=True)
class TrainingTexts:
    """What is known of the texts before they are encoded."""

    labelled: LabelledTexts
    classes: Classes
    split: Split

    @classmethod
    def of(cls, labelled: LabelledTexts, options: FitOptions) -> Self:
        """The classes of labelled texts, and a part of the texts held out as the options say.

        Raises:
            TrainingError: fewer than two different labels, or texts too few to hold some out.
            MissingDependencyError: scikit-learn is not installed.
        """
        classes = Classes.of(labelled)
        return cls(labelled, classes, held_out_split(classes.targets, options.test_size, options.seed))

    def rows(self, options: FitOptions) -> TrainingRows:
        """Those that are learnt from."""
        distinct = Distinct.of(list(self.labelled.texts))
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
