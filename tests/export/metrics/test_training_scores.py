"""Figures against scikit-learn's, and against bins counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from claxon_export.metrics.scores import (
    calibration_error,
    held_out_scores,
    log_loss,
    log_losses,
    macro_f1,
    wilson_interval,
)

RANDOM = np.random.default_rng(0)
TARGETS = RANDOM.integers(0, 4, 200)
FOUND = RANDOM.dirichlet(np.ones(5), 200)


def test_figures_are_scikit_learns() -> None:
    scores = held_out_scores(FOUND, TARGETS)
    labels = FOUND.argmax(axis=1)
    assert scores.accuracy == pytest.approx(metrics.accuracy_score(TARGETS, labels))
    assert scores.macro_f1 == pytest.approx(metrics.f1_score(TARGETS, labels, average="macro"))
    assert scores.log_loss == pytest.approx(metrics.log_loss(TARGETS, FOUND, labels=range(5)))


def test_log_loss_is_weighted_and_finite() -> None:
    found = np.array([[1.0, 0.0], [0.5, 0.5]])
    weights = np.array([3.0, 1.0])
    assert log_loss(found, np.array([0, 1]), weights) == pytest.approx(np.log(2) / 4)
    assert np.isfinite(log_loss(found, np.array([1, 1])))


def test_a_label_that_is_neither_there_nor_given_does_not_count() -> None:
    assert macro_f1(np.array([0, 0, 3]), np.array([0, 0, 3])) == 1.0
    assert macro_f1(np.array([0, 1]), np.array([0, 0])) == pytest.approx((2 / 3 + 0) / 2)


def test_the_calibration_error_by_hand() -> None:
    found = np.array([[0.7, 0.3], [0.68, 0.32], [0.1, 0.9], [0.5, 0.5]])
    targets = np.array([0, 1, 1, 0])
    # 0.7 and 0.68 share the bin from 10/15 to 11/15, half of them right; 0.9 and 0.5 have one each.
    expected = (abs(0.7 + 0.68 - 1) + abs(0.9 - 1) + abs(0.5 - 1)) / 4
    assert calibration_error(found, targets) == pytest.approx(expected)


def test_the_edge_of_a_bin_belongs_to_the_lower_one() -> None:
    low, high = np.array([[0.6, 0.4]]), np.array([[0.6 + 1e-9, 0.4]])
    assert calibration_error(np.concatenate([low, high]), np.array([0, 1])) == pytest.approx((0.4 + 0.6) / 2)
    assert calibration_error(np.array([[1.0, 0.0]]), np.array([0])) == 0.0


@pytest.mark.parametrize(
    ("right", "total", "low", "high"), [(81, 263, 0.2553, 0.3662), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0)]
)
def test_wilsons_interval_is_the_published_one(right: int, total: int, low: float, high: float) -> None:
    found = wilson_interval(right, total)
    assert [found.low, found.high] == pytest.approx([low, high], abs=1e-4)


def test_the_log_loss_is_that_of_an_evaluation() -> None:
    found = np.array([[1.0 - 1e-12, 1e-12], [0.3, 0.7]])
    targets = np.array([1, 1])
    expected = log_losses(targets, found.astype(np.float32)).mean()
    assert held_out_scores(found, targets).log_loss == pytest.approx(expected, rel=1e-12)
