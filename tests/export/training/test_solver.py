"""The solver against scikit-learn's, fitted until it hardly moves; and several fits at once against one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from claxon_export.training.solver import FeatureMetric, Problem, Solution, loss_of, probabilities, solve

# Probabilities of two solutions whose gradients are 1e-5.
TOLERANCE = 2e-4
ROWS, WIDTH = 300, 12


def problem(n_labels: int, *, weighted: bool = False) -> Problem:
    """Nearly collinear features that are far from the origin, as sentence embeddings are."""
    random = np.random.default_rng(n_labels)
    hidden = random.normal(size=(ROWS, 4))
    features = hidden @ random.normal(size=(4, WIDTH)) + 0.3 * random.normal(size=(ROWS, WIDTH)) + 3
    targets = (hidden[:, :n_labels] + random.normal(size=(ROWS, n_labels))).argmax(axis=1)
    weights = random.uniform(0.2, 2, size=(ROWS, 1)) if weighted else np.ones((ROWS, 1))
    return Problem(features.astype(np.float32), targets, n_labels, weights)


def reference(result: Problem, strength: float) -> Any:
    estimator = LogisticRegression(C=strength, tol=1e-10, max_iter=100_000)
    return estimator.fit(result.features.astype(np.float64), result.targets, sample_weight=result.weights[:, 0])


@pytest.mark.parametrize("n_labels", [2, 3, 4])
@pytest.mark.parametrize("strength", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_solution_is_scikit_learns(n_labels: int, strength: float, weighted: bool) -> None:
    given = problem(n_labels, weighted=weighted)
    result = solve(given, FeatureMetric.from_features(given.features), strength, 1000)
    expected = reference(given, strength).predict_proba(given.features)
    assert result.has_converged
    np.testing.assert_allclose(probabilities(result.logits(given.features)), expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("n_labels", [2, 3])
def test_several_fits_at_once_are_those_one_by_one(n_labels: int) -> None:
    given, rows = problem(n_labels, weighted=True), np.arange(ROWS)
    chosen = [rows[:200], rows[100:], rows[::2]]
    metric = FeatureMetric.from_features(given.features)
    together = solve(given.only(*chosen), metric, 1.0, 1000).logits(given.features)
    for fit, part in enumerate(chosen):
        width = given.n_logits
        alone = solve(given.copied(part), metric, 1.0, 1000).logits(given.features)
        np.testing.assert_allclose(
            probabilities(together[:, fit * width : (fit + 1) * width]), probabilities(alone), rtol=0, atol=TOLERANCE
        )


@pytest.mark.parametrize("n_labels", [2, 3])
def test_the_slope_is_that_of_the_loss(n_labels: int) -> None:
    given = problem(n_labels, weighted=True).only(np.arange(200), np.arange(100, ROWS))
    logits = 2 * given.n_logits
    random = np.random.default_rng(0)
    coefficients, intercepts = 0.1 * random.normal(size=(logits, WIDTH)), random.normal(size=logits)
    exact = Problem(given.features.astype(np.float64), given.targets, given.n_labels, given.weights)
    slope = loss_of(exact, Solution(coefficients, intercepts)).slopes.sum(axis=0)
    for place in range(logits):
        step = np.eye(logits)[place] * 1e-6
        up, down = (loss_of(exact, Solution(coefficients, intercepts + sign * step)).total for sign in (1, -1))
        assert (up - down) / 2e-6 == pytest.approx(slope[place], abs=1e-6)


def test_fewer_steps_than_it_needs_are_told() -> None:
    given = problem(3)
    result = solve(given, FeatureMetric.from_features(given.features), 100.0, 2)
    assert not result.has_converged
    assert result.steps == 2


def test_a_start_near_by_saves_steps() -> None:
    given = problem(3)
    metric = FeatureMetric.from_features(given.features)
    first = solve(given, metric, 10.0, 1000)
    again = solve(given, metric, 10.0, 1000, start=first)
    assert again.steps < first.steps / 2
    np.testing.assert_allclose(again.logits(given.features), first.logits(given.features), rtol=0, atol=1e-2)


def test_separable_rows_and_extreme_logits_are_finite() -> None:
    features = np.array([[-100.0], [-90.0], [90.0], [100.0]], np.float32)
    given = Problem(features, np.array([0, 0, 1, 1]), 2, np.ones((4, 1)))
    result = solve(given, FeatureMetric.from_features(features), 1e5, 1000)
    assert np.isfinite(result.coefficients).all()
    assert probabilities(result.logits(features)).argmax(axis=1).tolist() == [0, 0, 1, 1]
    assert np.isfinite(probabilities(np.array([[1e4, -1e4, 0.0]]))).all()


def test_features_that_do_not_vary_are_left_at_the_labels_shares() -> None:
    given = Problem(np.ones((8, 3), np.float32), np.array([0] * 6 + [1] * 2), 2, np.ones((8, 1)))
    result = probabilities(solve(given, FeatureMetric.from_features(given.features), 1.0, 1000).logits(given.features))
    np.testing.assert_allclose(result[:, 1], 0.25, atol=1e-3)


def test_scaled_logits() -> None:
    solution = Solution(np.array([[1.0, 2.0]]), np.array([3.0]))
    features = np.array([[1.0, 1.0]])
    assert solution.logits(features).tolist() == [[6.0]]
    assert solution.scaled(2.0, -1.0).logits(features).tolist() == [[11.0]]
