"""How good probabilities are on rows whose labels are known. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon_export.judging import calibration

Array = np.ndarray[Any, Any]

# The standard normal's 97.5 % quantile: intervals hold 95 %.
Z = 1.959964
SMALLEST = 1e-15


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
    """The figures of probabilities, shape ``(rows, labels)``, for labels, shape ``(rows,)``; one row or more."""
    right = int((found.argmax(axis=1) == targets).sum())
    return Scores(
        right / len(targets),
        wilson_interval(right, len(targets)),
        macro_f1(found.argmax(axis=1), targets),
        log_loss(found, targets),
        calibration_error(found, targets),
    )


def wilson_interval(right: int, total: int) -> Interval:
    """Of a share (Wilson 1927): it stays within 0 and 1, and holds for few rows too."""
    share, squared = right / total, Z * Z
    centre = (share + squared / (2 * total)) / (1 + squared / total)
    half = Z / (1 + squared / total) * math.sqrt(share * (1 - share) / total + squared / (4 * total * total))
    return Interval(max(0.0, centre - half), min(1.0, centre + half))


def macro_f1(found: Array, targets: Array) -> float:
    """The mean of the labels' F1; a label that is neither there nor given has none."""
    size = int(max(found.max(), targets.max())) + 1
    both = np.bincount(targets[found == targets], minlength=size)
    either = np.bincount(found, minlength=size) + np.bincount(targets, minlength=size)
    return float(np.mean(2 * both[either > 0] / either[either > 0]))


def log_loss(found: Array, targets: Array, weights: Array | None = None) -> float:
    """The mean of ``-log p`` of the true label."""
    losses = -np.log(np.maximum(found[np.arange(len(targets)), targets], SMALLEST))
    return float(np.average(losses, weights=weights))


def calibration_error(found: Array, targets: Array) -> float:
    """As ``claxon evaluate`` tells it, of probabilities of shape ``(rows, labels)``: see ``judging.calibration``."""
    return calibration.calibration_error(
        calibration.reliability_bins(found.max(axis=1), found.argmax(axis=1) == targets)
    )
