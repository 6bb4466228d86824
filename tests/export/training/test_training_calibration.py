"""Logits that are too large or too small by a known factor get it back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from claxon_export.metrics.scores import held_out_scores, log_loss
from claxon_export.training.calibration import LARGEST_FACTOR, Calibration, CalibrationKind, calibrate
from claxon_export.training.solver import Solution, probabilities

Array = np.ndarray[Any, Any]

ROWS = 20_000


def drawn(n_logits: int) -> tuple[Array, Array]:
    """Logits, and labels drawn by their probabilities: they are calibrated as they are."""
    random = np.random.default_rng(n_logits)
    logits = 2 * random.normal(size=(ROWS, n_logits))
    uniform = random.uniform(size=(ROWS, 1))
    return logits, (uniform > probabilities(logits).cumsum(axis=1)[:, :-1]).sum(axis=1)


@pytest.mark.parametrize("factor", [0.25, 1.0, 4.0])
def test_a_temperature_is_found(factor: float) -> None:
    logits, targets = drawn(4)
    result = calibrate(logits * factor, targets, is_weighted=False)
    assert result.kind is CalibrationKind.TEMPERATURE
    assert result.factor == pytest.approx(1 / factor, rel=0.05)
    assert result.shift == 0


def test_platt_finds_factor_and_shift() -> None:
    logits, targets = drawn(1)
    result = calibrate((logits - 1) * 3, targets, is_weighted=False)
    assert result.kind is CalibrationKind.PLATT
    assert result.factor == pytest.approx(1 / 3, rel=0.05)
    assert result.shift == pytest.approx(1, rel=0.05)


def test_weighted_labels_are_not_shifted_back() -> None:
    logits, targets = drawn(1)
    result = calibrate((logits - 1) * 3, targets, is_weighted=True)
    assert (result.kind, result.shift) == (CalibrationKind.TEMPERATURE, 0)


def test_logits_that_say_the_contrary_are_not_turned_round() -> None:
    logits, targets = drawn(1)
    result = calibrate(-logits, targets, is_weighted=False)
    assert result.factor >= 1 / LARGEST_FACTOR
    assert result.shift == 0


@pytest.mark.parametrize("n_logits", [1, 3])
def test_logits_that_separate_the_labels_stay_finite(n_logits: int) -> None:
    targets = np.array([0, 1] * 10)
    logits = np.eye(3)[targets] if n_logits == 3 else targets[:, None] * 2.0 - 1
    result = calibrate(logits, targets, is_weighted=False)
    assert 1 < result.factor <= LARGEST_FACTOR
    assert result.is_at_limit is (n_logits == 3)
    assert np.isfinite(result.shift)


def test_folded_into_the_coefficients_it_lowers_loss_and_error() -> None:
    logits, targets = drawn(3)
    plain = Solution(5 * np.eye(3), np.zeros(3))
    calibrated = calibrate(plain.logits(logits), targets, is_weighted=False).applied(plain)
    before, after = (probabilities(solution.logits(logits)) for solution in (plain, calibrated))
    assert log_loss(after, targets) < log_loss(before, targets)
    errors = [held_out_scores(result, targets).calibration_error for result in (after, before)]
    assert errors[0] < 0.02 < errors[1]
    assert (before.argmax(axis=1) == after.argmax(axis=1)).all()


def test_applied() -> None:
    result = Calibration(CalibrationKind.PLATT, 2.0, 1.0).applied(Solution(np.array([[1.0]]), np.array([3.0])))
    assert (result.coefficients.tolist(), result.intercepts.tolist()) == ([[2.0]], [7.0])


def test_platts_targets_bound_what_separates_the_labels() -> None:
    targets = np.array([0, 1, 1, 1] * 3)
    result = calibrate(targets[:, None] * 2.0 - 1, targets, is_weighted=False)
    # Two values of the logit fit both targets: the logits of 10/11 and of 1/5.
    assert result.factor + result.shift == pytest.approx(np.log(10), abs=1e-2)
    assert result.shift - result.factor == pytest.approx(np.log(1 / 4), abs=1e-2)


def test_a_factor_beyond_the_limit_becomes_a_temperature_at_the_limit() -> None:
    targets = np.array([0, 1] * 10)
    result = calibrate((targets[:, None] * 2.0 - 1) / 100, targets, is_weighted=False)
    assert (result.kind, result.shift) == (CalibrationKind.TEMPERATURE, 0)
    assert result.factor == pytest.approx(LARGEST_FACTOR, rel=1e-2)
    assert result.is_at_limit
    assert Calibration(CalibrationKind.TEMPERATURE, 1 / LARGEST_FACTOR).is_at_limit
    assert not Calibration(CalibrationKind.TEMPERATURE, 1.0).is_at_limit
