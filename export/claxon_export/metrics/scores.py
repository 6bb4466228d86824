"""Truth and scores -> metrics. A text without a label counts as labeled wrong, not as left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.bundle.manifest import LabelValue
from claxon.heads.decision import Abstention
from claxon_export.metrics.calibration import calibration_error, reliability_bins
from claxon_export.metrics.intervals import percentile_interval, resampled_means, resampled_tables
from claxon_export.metrics.results import Estimate, LabelScores, Metric
from claxon_export.requirements import required

Array = np.ndarray[Any, Any]

ABSTAINED = -1


@dataclass(frozen=True, slots=True)
class Answers:
    """What a head said of every text.

    Attributes:
        truth: The column of the true label. Shape: ``(texts,)``, int64.
        predicted: The column of the label given, ``ABSTAINED`` where there is none. Shape: ``(texts,)``, int64.
        best: The column of the largest score, threshold or not. Shape: ``(texts,)``, int64.
        scores: Shape: ``(texts, labels)``, float32.
    """

    truth: Array
    predicted: Array
    best: Array
    scores: Array

    @classmethod
    def from_scores(
        cls, truth: Array, scores: Array, threshold: float | None = None, margin: float | None = None
    ) -> Answers:
        """The largest score wins, the first of equals; what threshold or margin does not let pass gives no label."""
        best = scores.argmax(axis=1)
        is_passing = Abstention(threshold, margin).passing(scores)[np.arange(len(best)), best]
        return cls(truth, np.where(is_passing, best, ABSTAINED), best, scores)

    @property
    def is_right(self) -> Array:
        """Whether the label given is the truth. Shape: ``(texts,)``, bool."""
        return np.asarray(self.predicted == self.truth)

    @property
    def best_scores(self) -> Array:
        """The largest score of each text. Shape: ``(texts,)``, float32."""
        return np.asarray(self.scores.max(axis=1))


def confusion_table(answers: Answers) -> Array:
    """Texts by truth and label given, the last column without one. Shape: ``(labels, labels + 1)``, int64."""
    labels = answers.scores.shape[1]
    columns = np.where(answers.predicted == ABSTAINED, labels, answers.predicted)
    metrics = required("sklearn.metrics")
    table: Array = metrics.confusion_matrix(answers.truth, columns, labels=range(labels + 1))
    return table[:labels]


def table_metrics(tables: Array) -> dict[str, Array]:
    """What follows from confusion tables alone, as scikit-learn defines it.

    Macro F1 is the mean over the labels that are the truth or were given, weighted F1 the mean by the truth's counts.
    Within one counts a label one step beside the truth, in the labels' order, as right.

    Args:
        tables: Shape: ``(…, labels, labels + 1)``.

    Returns:
        By name, shape ``(…,)``; NaN where there is nothing to divide by.
    """
    labels = tables.shape[-2]
    given = tables[..., :labels]
    total, support, predicted = tables.sum(axis=(-2, -1)), tables.sum(axis=-1), given.sum(axis=-2)
    right = np.diagonal(given, axis1=-2, axis2=-1)
    steps = np.abs(np.subtract.outer(np.arange(labels), np.arange(labels)))
    occurs = support + predicted > 0
    f1 = 2 * right / np.maximum(support + predicted, 1)
    answered = given.sum(axis=(-2, -1))
    with np.errstate(invalid="ignore"):
        return {
            Metric.ACCURACY: right.sum(axis=-1) / total,
            Metric.MACRO_F1: f1.sum(axis=-1) / occurs.sum(axis=-1),
            Metric.WEIGHTED_F1: (f1 * support).sum(axis=-1) / total,
            Metric.WITHIN_ONE: (given * (steps <= 1)).sum(axis=(-2, -1)) / total,
            Metric.COVERAGE: answered / total,
            Metric.ANSWERED_ACCURACY: right.sum(axis=-1) / answered,
        }


def table_estimates(table: Array, requested: Sequence[Metric], *, resamples: int, seed: int) -> dict[Metric, Estimate]:
    """``table_metrics`` with intervals; a metric that is not available is left out."""
    values = table_metrics(table)
    resampled = resampled_tables(table, table_metrics, resamples, seed)
    return {
        metric: percentile_interval(float(values[metric]), resampled[metric])
        for metric in requested
        if np.isfinite(values[metric])
    }


def log_losses(truth: Array, probabilities: Array) -> Array:
    """Minus the logarithm of the truth's probability, which is clipped as ``sklearn.metrics.log_loss`` does.

    Args:
        truth: Columns. Shape: ``(texts,)``.
        probabilities: Shape: ``(texts, labels)``, float32.

    Returns:
        Shape: ``(texts,)``, float64.
    """
    smallest = np.finfo(probabilities.dtype).eps
    chosen = probabilities[np.arange(len(truth)), truth].astype(np.float64)
    losses: Array = -np.log(np.clip(chosen, smallest, 1 - smallest))
    return losses


def log_loss_estimate(truth: Array, probabilities: Array, *, resamples: int, seed: int) -> Estimate:
    """Their mean, with its interval."""
    losses = log_losses(truth, probabilities)
    return percentile_interval(float(losses.mean()), resampled_means(losses, resamples, seed))


def label_report(answers: Answers, labels: Sequence[LabelValue]) -> tuple[LabelScores, ...]:
    """Precision, recall and F1 of each label; 0 where there is nothing to divide by, as scikit-learn has it."""
    metrics = required("sklearn.metrics")
    columns = range(len(labels))
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        answers.truth, answers.predicted, labels=list(columns), zero_division=0
    )
    predicted = np.bincount(answers.predicted[answers.predicted != ABSTAINED], minlength=len(labels))
    return tuple(
        LabelScores(labels[i], float(precision[i]), float(recall[i]), float(f1[i]), int(support[i]), int(predicted[i]))
        for i in columns
    )


def compact(metrics: Mapping[Metric, Estimate]) -> dict[Metric, Estimate]:
    """In the order in which ``Metric`` lists them."""
    return {metric: metrics[metric] for metric in Metric if metric in metrics}


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Scores:
    """Figures of held-out rows.

    Attributes:
        accuracy: Share labeled right.
        interval: Wilson's 95 % interval of it.
        macro_f1: Mean over the labels that were there or were given, all alike.
        log_loss: In nats.
        calibration_error: The expected calibration error in 15 bins of equal width (Guo et al. 2017).
    """

    accuracy: float
    interval: Interval
    macro_f1: float
    log_loss: float
    calibration_error: float


def held_out_scores(probabilities: Array, targets: Array) -> Scores:
    """Score probabilities of held-out rows, rounded to float32 as a head returns them.

    Args:
        probabilities: Shape: ``(rows, labels)``, one row or more.
        targets: Columns of the true labels. Shape: ``(rows,)``.

    Raises:
        MissingDependencyError: SciPy or scikit-learn is not installed.
    """
    answers = Answers.from_scores(targets, probabilities.astype(np.float32))
    n_right = int(answers.is_right.sum())
    return Scores(
        n_right / len(targets),
        wilson_interval(n_right, len(targets)),
        float(table_metrics(confusion_table(answers))[Metric.MACRO_F1]),
        log_loss(answers.scores, targets),
        calibration_error(reliability_bins(answers.best_scores, answers.is_right)),
    )


def wilson_interval(right: int, total: int) -> Interval:
    """Return Wilson's 95 % interval of a share (Wilson 1927), which stays within 0 and 1 and holds for few rows too."""
    interval = required("scipy.stats").binomtest(right, total).proportion_ci(0.95, method="wilson")
    return Interval(float(interval.low), float(interval.high))


def log_loss(probabilities: Array, targets: Array, weights: Array | None = None) -> float:
    """Return the mean of ``log_losses``, weighted where weights of shape ``(rows,)`` are given."""
    return float(np.average(log_losses(targets, probabilities), weights=weights))
