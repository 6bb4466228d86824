"""Calibrated probabilities: two numbers, learned on cross-validated logits, folded into the coefficients.

Several labels: temperature scaling, one factor for all logits (Guo et al. 2017), which changes no label. Two labels:
Platt scaling, a factor and a shift of the single logit, learned on smoothed targets (Platt 1999) that keep both finite
where the logits separate the labels. With class weights, two labels also get only a factor, because a shift would undo
the weights.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from claxon_export.metrics.scores import log_loss
from claxon_export.requirements import required
from claxon_export.training.solver import FeatureMetric, Problem, Solution, probabilities, solve

Array = np.ndarray[Any, Any]

# Factors are looked for between one over this and this.
LARGEST_FACTOR = 20.0
# Of a factor's logarithm: a factor so near to its limit was stopped there.
NEAR_LIMIT = 1e-2
# Hardly any penalty on two numbers.
PLATT_STRENGTH = 1e4
PLATT_STEPS = 200


class CalibrationKind(StrEnum):
    """What is learned: a factor, or a factor and a shift."""

    TEMPERATURE = "temperature"
    PLATT = "platt"


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logits become ``factor`` times themselves, plus ``shift``; the temperature is one over the factor."""

    kind: CalibrationKind
    factor: float
    shift: float = 0.0

    @property
    def is_at_limit(self) -> bool:
        """Whether the factor is as far from 1 as it may be: rows ask for more, and cannot tell how much."""
        return abs(math.log(self.factor)) > math.log(LARGEST_FACTOR) - NEAR_LIMIT

    def applied(self, solution: Solution) -> Solution:
        """The calibrated solution."""
        return solution.scaled(self.factor, self.shift)


def calibrate(logits: Array, targets: Array, *, is_weighted: bool) -> Calibration:
    """What makes the log loss of held-out logits least.

    Args:
        logits: Of rows that had no part in the solution that gave them. Shape: ``(rows, logits)``.
        targets: Columns of their labels. Shape: ``(rows,)``.
        is_weighted: Whether labels were weighted.
    """
    if logits.shape[1] > 1 or is_weighted:
        return Calibration(CalibrationKind.TEMPERATURE, _factor(logits, targets))
    result = solve(_smoothed(logits, targets), FeatureMetric.from_features(logits), PLATT_STRENGTH, PLATT_STEPS)
    factor, shift = float(result.coefficients[0, 0]), float(result.intercepts[0])
    # Logits that say nothing, or the contrary: labels are not to be turned round. Or logits that hardly differ.
    if not 1 / LARGEST_FACTOR < factor < LARGEST_FACTOR:
        return Calibration(CalibrationKind.TEMPERATURE, _factor(logits, targets))
    return Calibration(CalibrationKind.PLATT, factor, shift)


def _smoothed(logits: Array, targets: Array) -> Problem:
    """Each row with both labels, in the shares ``1 / (n_0 + 2)`` and ``(n_1 + 1) / (n_1 + 2)`` that Platt has."""
    n_0, n_1 = np.bincount(targets, minlength=2)
    share = np.where(targets == 1, (n_1 + 1) / (n_1 + 2), 1 / (n_0 + 2))
    labels = np.repeat([0, 1], len(targets))
    return Problem(np.concatenate([logits, logits]), labels, 2, np.concatenate([1 - share, share])[:, None])


def _factor(logits: Array, targets: Array) -> float:
    limit = math.log(LARGEST_FACTOR)
    result = required("scipy.optimize").minimize_scalar(
        lambda power: log_loss(probabilities(np.exp(power) * logits), targets),
        bounds=(-limit, limit),
        method="bounded",
        options={"xatol": 1e-4},
    )
    return float(np.exp(result.x))
