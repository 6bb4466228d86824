"""Figures of labels that do not exclude each other, and of numbers, as scikit-learn and SciPy define them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.bundle.manifest import LabelValue
from claxon_export.metrics.results import LabelScores
from claxon_export.requirements import required

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class TargetScores:
    """Figures by name, and the report of each label; a regression has none.

    ``micro_f1`` counts all labels of all texts together, ``macro_f1`` is the mean over labels, ``samples_f1`` over
    texts; ``subset_accuracy`` is the share of texts whose labels are all right and none is missing. ``mae`` and
    ``rmse`` are in the number's own unit; ``spearman`` is the correlation of ranks, NaN where one side is constant.
    """

    figures: Mapping[str, float]
    report: tuple[LabelScores, ...] = ()


def multi_label_scores(truth: Array, held: Array, labels: Sequence[LabelValue]) -> TargetScores:
    """Figures of labels. A text without labels that was given none counts as right, in ``samples_f1`` too.

    Args:
        truth: Which labels each text has. Shape: ``(texts, labels)``, bool.
        held: Which labels it was given. Shape: ``(texts, labels)``, bool.
        labels: In the order of the columns.
    """
    metrics = required("sklearn.metrics")
    figures = {
        f"{average}_f1": float(metrics.f1_score(truth, held, average=average, zero_division=0))
        for average in ("micro", "macro")
    }
    # Both empty: nothing to find, and nothing wrong.
    figures["samples_f1"] = float(metrics.f1_score(truth, held, average="samples", zero_division=1))
    figures["subset_accuracy"] = float((truth == held).all(axis=1).mean())
    precision, recall, f1, support = metrics.precision_recall_fscore_support(truth, held, average=None, zero_division=0)
    given = held.sum(axis=0)
    report = tuple(
        LabelScores(label, float(precision[i]), float(recall[i]), float(f1[i]), int(support[i]), int(given[i]))
        for i, label in enumerate(labels)
    )
    return TargetScores(figures, report)


def number_scores(truth: Array, predicted: Array) -> TargetScores:
    """Figures of numbers. Shapes: ``(texts,)``."""
    errors = predicted.astype(np.float64) - truth
    is_constant = len(truth) < 2 or np.ptp(truth) == 0 or np.ptp(predicted) == 0
    spearman = float("nan") if is_constant else float(required("scipy.stats").spearmanr(truth, predicted).statistic)
    mae, rmse = float(np.abs(errors).mean()), float(np.sqrt(np.square(errors).mean()))
    return TargetScores({"mae": mae, "rmse": rmse, "spearman": spearman})
