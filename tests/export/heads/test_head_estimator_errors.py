"""Every estimator that cannot become a head is refused, by the name of what is wrong with it."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from claxon.bundle.manifest import Feature
from claxon.errors import MissingDependencyError
from claxon_export.errors import HeadError
from claxon_export.heads import HeadGraph, estimator_head

linear_model = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
pytest.importorskip("skl2onnx", reason="skl2onnx is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
OneVsRestClassifier = pytest.importorskip("sklearn.multiclass").OneVsRestClassifier
pipeline = pytest.importorskip("sklearn.pipeline")
preprocessing = pytest.importorskip("sklearn.preprocessing")
ColumnTransformer = pytest.importorskip("sklearn.compose").ColumnTransformer
SVC = pytest.importorskip("sklearn.svm").SVC
TfidfVectorizer = pytest.importorskip("sklearn.feature_extraction.text").TfidfVectorizer
LogisticRegression = linear_model.LogisticRegression
Pipeline = pipeline.Pipeline
make_pipeline = pipeline.make_pipeline
StandardScaler = preprocessing.StandardScaler

WIDTH = 24
Array = np.ndarray[Any, Any]


def features(rows: int) -> Array:
    values: Array = np.random.default_rng(1).normal(size=(rows, WIDTH)).astype(np.float32)
    return values


def classes(rows: Array, count: int) -> Array:
    chosen: Array = rows[:, :count].argmax(axis=1)
    return chosen


def fitted(estimator: Any, count: int = 3) -> Any:
    rows = features(100)
    return estimator.fit(rows, classes(rows, count))


def logistic() -> Any:
    return LogisticRegression()


def head_of(estimator: Any, **options: Any) -> HeadGraph:
    return estimator_head(estimator, **{"feature": Feature.MEAN, "width": WIDTH, **options})


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (SVC(), "the estimator is a SVC"),
        (make_pipeline(StandardScaler(), SVC()), "svc is a SVC"),
        (make_pipeline(StandardScaler()), "standardscaler is a StandardScaler"),
        (Pipeline([("a", "passthrough")]), "the estimator is a Pipeline"),
    ],
)
def test_what_cannot_be_in_a_head_is_named(estimator: Any, message: str) -> None:
    with pytest.raises(HeadError, match=f"{message}.*supported: LogisticRegression, .*StandardScaler"):
        head_of(fitted(estimator))


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (make_pipeline(TfidfVectorizer(), LogisticRegression()), "tfidfvectorizer"),
        (make_pipeline(ColumnTransformer([]), LogisticRegression()), "columntransformer"),
        (make_pipeline(LogisticRegression(), LogisticRegression()), "logisticregression-1"),
    ],
)
def test_a_step_that_was_never_fitted_on_numbers_is_named(estimator: Any, message: str) -> None:
    with pytest.raises(HeadError, match=message):
        head_of(estimator)


def test_a_step_that_transforms_nothing_is_named() -> None:
    estimator = Pipeline([("first", fitted(logistic())), ("last", fitted(logistic()))])
    with pytest.raises(HeadError, match=r"first is a LogisticRegression .*which transforms nothing.*supported"):
        head_of(estimator)


def test_inner_estimators_are_looked_at_too() -> None:
    rows = features(100)
    estimator = OneVsRestClassifier(SVC()).fit(rows, classes(rows, 3))
    with pytest.raises(HeadError, match="neither probabilities nor a linear decision function"):
        head_of(estimator)


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (LogisticRegression(), r"the estimator \(LogisticRegression\) is not fitted"),
        (OneVsRestClassifier(LogisticRegression()), r"OneVsRestClassifier\) is not fitted"),
        (make_pipeline(StandardScaler(), LogisticRegression()), r"standardscaler .* is not fitted"),
    ],
)
def test_what_is_not_fitted_is_refused(estimator: Any, message: str) -> None:
    with pytest.raises(HeadError, match=message):
        head_of(estimator)


def test_another_width_is_refused() -> None:
    with pytest.raises(HeadError, match=f"fitted on {WIDTH} features, expected the 768 of mean"):
        head_of(fitted(logistic()), width=768)


def test_one_class_is_refused() -> None:
    estimator = fitted(logistic(), 2)
    estimator.classes_ = np.array(["only"])
    with pytest.raises(HeadError, match="found 1 label"):
        head_of(estimator)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a"], "1 labels were given for 2 classes"),
        (["a", "a"], "repeated"),
        (["a", None], "a label is None"),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels: list[Any], message: str) -> None:
    with pytest.raises(HeadError, match=message):
        head_of(fitted(logistic(), 2), labels=labels)


@pytest.mark.parametrize("name", ["coef_", "intercept_"])
def test_coefficients_that_are_not_finite_are_named(name: str) -> None:
    estimator = fitted(logistic())
    getattr(estimator, name).flat[0] = np.nan
    with pytest.raises(HeadError, match=f"{name} has 1 value"):
        head_of(estimator)


def test_a_scaler_that_is_not_finite_is_refused() -> None:
    estimator = fitted(make_pipeline(StandardScaler(), logistic()))
    estimator.steps[0][1].mean_[0] = np.inf
    with pytest.raises(HeadError, match="NaN or infinit"):
        head_of(estimator)


@pytest.mark.parametrize("module", ["sklearn", "skl2onnx"])
def test_a_missing_package_names_the_extra(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    estimator = fitted(logistic(), 2)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependencyError, match=rf"{module} .*pip install 'claxon\[export\]'"):
        head_of(estimator)
