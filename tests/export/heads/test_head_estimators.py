"""Taking estimators apart: what is kept, and that one-vs-rest becomes one classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from claxon_export.heads.estimators import read_estimator

linear_model = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
multiclass = pytest.importorskip("sklearn.multiclass", reason="scikit-learn is not installed")
preprocessing = pytest.importorskip("sklearn.preprocessing", reason="scikit-learn is not installed")
pipeline = pytest.importorskip("sklearn.pipeline", reason="scikit-learn is not installed")

WIDTH = 5


def fitted(estimator: Any, count: int = 3) -> Any:
    rows = np.random.default_rng(0).normal(size=(60, WIDTH))
    return estimator.fit(rows, np.array(["c", "b", "a"])[rows[:, :count].argmax(axis=1)])


def test_scalers_and_classifier_are_told_apart() -> None:
    scaler = preprocessing.StandardScaler()
    steps = [("none", "passthrough"), ("scaler", scaler), ("last", linear_model.LogisticRegression())]
    result = read_estimator(fitted(pipeline.Pipeline(steps)))
    assert result.scalers == (scaler,)
    assert result.classes == ("a", "b", "c")
    assert result.width == WIDTH
    np.testing.assert_array_equal(result.classifier.classes_, [0, 1, 2])


def test_one_vs_rest_becomes_one_classifier() -> None:
    estimator = fitted(multiclass.OneVsRestClassifier(linear_model.LogisticRegression()))
    result = read_estimator(estimator).classifier
    np.testing.assert_array_equal(result.coef_, np.vstack([part.coef_ for part in estimator.estimators_]))
    np.testing.assert_array_equal(result.intercept_, np.hstack([part.intercept_ for part in estimator.estimators_]))


def test_one_vs_rest_of_two_classes_is_its_only_classifier() -> None:
    estimator = fitted(multiclass.OneVsRestClassifier(linear_model.LogisticRegression()), 2)
    result = read_estimator(estimator)
    np.testing.assert_array_equal(result.classifier.coef_, estimator.estimators_[0].coef_)
    assert result.classes == ("b", "c")
