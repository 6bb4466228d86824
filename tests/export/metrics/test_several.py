"""Figures of several labels and of numbers, against scikit-learn and SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from claxon_export.metrics.several import multi_label_scores, number_scores

metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
stats = pytest.importorskip("scipy.stats", reason="SciPy is not installed")

RANDOM = np.random.default_rng(0)
TRUTH = RANDOM.random((80, 4)) > 0.6
HELD = TRUTH ^ (RANDOM.random((80, 4)) > 0.8)


def test_the_f1_scores_are_those_of_scikit_learn() -> None:
    found = multi_label_scores(TRUTH, HELD, ("a", "b", "c", "d"))
    expected = {f"{name}_f1": metrics.f1_score(TRUTH, HELD, average=name) for name in ("micro", "macro")}
    expected["samples_f1"] = metrics.f1_score(TRUTH, HELD, average="samples", zero_division=1)
    expected["subset_accuracy"] = metrics.accuracy_score(TRUTH, HELD)
    assert found.figures == pytest.approx(expected)
    report = metrics.classification_report(TRUTH, HELD, output_dict=True, zero_division=0)
    assert [one.f1 for one in found.report] == pytest.approx([report[str(i)]["f1-score"] for i in range(4)])
    assert [one.support for one in found.report] == TRUTH.sum(axis=0).tolist()
    assert [one.predicted for one in found.report] == HELD.sum(axis=0).tolist()


def test_nothing_found_where_nothing_is_counts_as_right() -> None:
    nothing = np.zeros((3, 2), bool)
    assert multi_label_scores(nothing, nothing, ("a", "b")).figures["samples_f1"] == 1


def test_the_figures_of_numbers_are_those_of_scikit_learn_and_scipy() -> None:
    truth = RANDOM.normal(size=50)
    predicted = (truth + RANDOM.normal(0, 0.3, 50)).astype(np.float32)
    expected = {
        "mae": metrics.mean_absolute_error(truth, predicted),
        "rmse": metrics.root_mean_squared_error(truth, predicted),
        "spearman": stats.spearmanr(truth, predicted).statistic,
    }
    found = number_scores(truth, predicted)
    assert found.figures == pytest.approx(expected)
    assert found.report == ()


def test_ranks_of_equal_numbers_are_not_correlated() -> None:
    assert math.isnan(number_scores(np.ones(4), np.arange(4)).figures["spearman"])
