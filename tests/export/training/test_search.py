"""The search against scikit-learn's cross-validation on the same folds, and the way it walks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from claxon.bundle.manifest import Feature
from claxon_export.training import search as search_module
from claxon_export.training.rows import TrainingRows
from claxon_export.training.search import FOLDS, Candidate, CrossValidation, search
from claxon_export.training.solver import FeatureMetric, probabilities
from claxon_export.training.splits import folds

Array = np.ndarray[Any, Any]

RANDOM = np.random.default_rng(0)
TARGETS = RANDOM.integers(0, 3, 150)
GOOD = (np.eye(3)[TARGETS] @ RANDOM.normal(size=(3, 8)) + RANDOM.normal(size=(150, 8))).astype(np.float32)
NOISE = RANDOM.normal(size=(150, 8)).astype(np.float32)
EVERY = np.arange(150)


def training(rows: Array = EVERY, targets: Array = TARGETS, n_labels: int = 3, texts: Array = EVERY) -> TrainingRows:
    return TrainingRows(rows, targets, texts, n_labels, is_weighted=False, max_steps=1000, threads=1, seed=0)


def test_logits_are_those_of_fits_that_did_not_learn_from_the_row() -> None:
    splits = folds(TARGETS, FOLDS, 0, texts=EVERY)
    folded = CrossValidation(training().problem(GOOD), splits, FeatureMetric.from_features(GOOD), 1000)
    result = probabilities(folded.logits(1.0))
    for split in splits:
        estimator = LogisticRegression(tol=1e-9, max_iter=10_000).fit(GOOD[split.train], TARGETS[split.train])
        places = np.isin(folded.judged, split.test)
        expected = estimator.predict_proba(GOOD[folded.judged[places]])
        np.testing.assert_allclose(result[places], expected, rtol=0, atol=2e-3)


def test_folds_one_by_one_are_folds_together(monkeypatch: pytest.MonkeyPatch) -> None:
    splits = folds(TARGETS, FOLDS, 0, texts=EVERY)
    together, one_by_one = (
        CrossValidation(training().problem(GOOD), splits, FeatureMetric.from_features(GOOD), 1000) for _ in range(2)
    )
    expected = probabilities(together.logits(1.0))
    monkeypatch.setattr(search_module, "LOGITS_AT_ONCE", 1)
    np.testing.assert_allclose(probabilities(one_by_one.logits(1.0)), expected, rtol=0, atol=2e-3)


def test_the_feature_that_tells_labels_apart_is_chosen() -> None:
    result = search({Feature.MEAN: NOISE, Feature.CLS: GOOD}, training(), 1.0)
    assert result is not None
    assert result.best.feature is Feature.CLS
    assert [tried.feature for tried in result.candidates] == [Feature.MEAN, Feature.CLS]
    assert result.best.accuracy > 0.7


def test_the_strength_is_the_best_of_the_whole_grid() -> None:
    result = search({Feature.MEAN: GOOD}, training(), None)
    assert result is not None
    grid = [float(f"{10 ** (step / 2):.3g}") for step in range(-6, 7)]
    losses = {}
    for strength in grid:
        every = search({Feature.MEAN: GOOD}, training(), strength)
        assert every is not None
        losses[strength] = every.best.log_loss
    assert min(losses, key=losses.__getitem__) == result.best.C
    assert [tried.C for tried in result.candidates] == sorted(tried.C for tried in result.candidates)


def test_held_out_rows_have_no_part() -> None:
    spoilt = GOOD.copy()
    spoilt[100:] = RANDOM.normal(size=(50, 8)) * 100
    rows = np.arange(100)
    assert search({Feature.MEAN: spoilt}, training(rows), None) == search({Feature.MEAN: GOOD}, training(rows), None)


def test_many_rows_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "SEARCH_ROWS", 60)
    result = search({Feature.MEAN: GOOD}, training(), 1.0)
    assert result is not None
    assert result.n_rows == 60


def test_labels_of_one_row_leave_nothing_to_judge() -> None:
    rows = np.arange(3)
    assert search({Feature.MEAN: GOOD}, training(rows, np.arange(3)), None) is None


def walked(loss: Callable[[float], float]) -> list[float]:
    """The exponents that were tried."""
    tried = search_module._walked(lambda strength: Candidate(Feature.MEAN, strength, loss(strength), 0.0))
    return sorted(round(2 * math.log10(candidate.C)) / 2 for candidate in tried)


@pytest.mark.parametrize("best", [-4, -3.5, -2, -0.5, 0, 0.5, 1, 3, 4.5, 5])
def test_the_walk_ends_at_the_least_loss(best: float) -> None:
    result = walked(lambda strength: abs(math.log10(strength) - best))
    assert min(result, key=lambda exponent: abs(exponent - best)) == best
    assert len(result) <= 9


def test_the_walk_ends_where_the_grid_does() -> None:
    assert max(walked(lambda strength: -strength)) == 5
    assert min(walked(lambda strength: strength)) == -4


def test_equal_texts_do_not_tell_their_labels_to_each_other() -> None:
    numbers = np.tile(np.arange(100), 4)
    features = RANDOM.normal(size=(100, 50)).astype(np.float32)[numbers]
    targets = RANDOM.integers(0, 2, 100)[numbers]
    result = search({Feature.MEAN: features}, training(np.arange(400), targets, 2, numbers), None)
    assert result is not None
    assert result.best.C <= 1
    assert result.best.log_loss > 0.6


@pytest.mark.parametrize(("strength", "compares_strengths"), [(1.0, False), (None, True)])
def test_what_was_compared_is_known(strength: float | None, compares_strengths: bool) -> None:
    one, two = (
        search({Feature.MEAN: GOOD}, training(), strength),
        search({Feature.MEAN: GOOD, Feature.CLS: NOISE}, training(), strength),
    )
    assert one is not None
    assert two is not None
    assert (one.compares_features, two.compares_features) == (False, True)
    assert one.compares_strengths is two.compares_strengths is compares_strengths
