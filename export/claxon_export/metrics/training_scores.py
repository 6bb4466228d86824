"""How good probabilities are on rows whose labels are known. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon_export.metrics import calibration
from claxon_export.metrics.scores import log_losses
from claxon_export.requirements import required

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Scores:
    """Figures of held-out rows.

    Attributes:
        accuracy: Share labelled right.
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


def scores_of(found: Array, targets: Array) -> Scores:
    """The figures of probabilities, shape ``(rows, labels)``, for labels, shape ``(rows,)``; one row or more.

    They are those of float32 probabilities, which is what a head gives, and what ``claxon evaluate`` judges.

    Raises:
        MissingDependencyError: SciPy or scikit-learn is not installed.
    """
    found = found.astype(np.float32)
    right = int((found.argmax(axis=1) == targets).sum())
    return Scores(
        right / len(targets),
        wilson_interval(right, len(targets)),
        macro_f1(found.argmax(axis=1), targets),
        log_loss(found, targets),
        calibration_error(found, targets),
    )


def wilson_interval(right: int, total: int) -> Interval:
    """Of a share, 95 % (Wilson 1927): it stays within 0 and 1, and holds for few rows too."""
    found = required("scipy.stats").binomtest(right, total).proportion_ci(0.95, method="wilson")
    return Interval(float(found.low), float(found.high))


def macro_f1(found: Array, targets: Array) -> float:
    """The mean of the labels' F1; a label that is neither there nor given has none."""
    return float(required("sklearn.metrics").f1_score(targets, found, average="macro", zero_division=0))


def log_loss(found: Array, targets: Array, weights: Array | None = None) -> float:
    """The mean of ``-log p`` of the true label, clipped as ``claxon evaluate`` does: see ``judging.scores``."""
    return float(np.average(log_losses(targets, found), weights=weights))


def calibration_error(found: Array, targets: Array) -> float:
    """As ``claxon evaluate`` tells it, of probabilities of shape ``(rows, labels)``: see ``judging.calibration``."""
    return calibration.calibration_error(
        calibration.reliability_bins(found.max(axis=1), found.argmax(axis=1) == targets)
    )
