"""Estimators that people bring, each against its own answers: predict_proba, decision_function or predict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from claxon.bundle.manifest import Feature, HeadKind, ScoreKind
from claxon_export.errors import HeadError
from claxon_export.heads import HeadGraph, estimator_head

calibration = pytest.importorskip("sklearn.calibration", reason="scikit-learn is not installed")
pytest.importorskip("skl2onnx", reason="skl2onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

from sklearn import (  # noqa: E402 - after the skips
    decomposition,
    discriminant_analysis,
    ensemble,
    feature_selection,
    linear_model,
    model_selection,
    multiclass,
    multioutput,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    svm,
)

WIDTH = 16
TOLERANCE = 1e-5
Array = np.ndarray[Any, Any]
RANDOM = np.random.default_rng(4)
ROWS: Array = RANDOM.normal(size=(160, WIDTH)).astype(np.float32)
TARGETS: Array = (ROWS[:, :3] + RANDOM.normal(0, 0.5, (160, 3))).argmax(axis=1)
TAGS: Array = (ROWS[:, :3] + RANDOM.normal(0, 0.5, (160, 3)) > 0.3).astype(int)
NUMBERS: Array = ROWS[:, 0] * 2 + ROWS[:, 1] + 3
NAMES = {"words": np.array(["a", "b", "c"]), "numbers": np.array([3, 5, 9]), "two": np.array([False, True, True])}


def logistic(**options: Any) -> Any:
    return linear_model.LogisticRegression(max_iter=500, **options)


def piped(*steps: Any) -> Any:
    return pipeline.make_pipeline(*steps)


CLASSIFIERS: dict[str, Callable[[], Any]] = {
    "LogisticRegressionCV": lambda: linear_model.LogisticRegressionCV(cv=2, max_iter=500),
    "grid search": lambda: model_selection.GridSearchCV(logistic(), {"C": [0.1, 1]}, cv=2),
    "random search": lambda: model_selection.RandomizedSearchCV(logistic(), {"C": [0.1, 1]}, n_iter=2, cv=2),
    "search over a pipeline": lambda: model_selection.GridSearchCV(
        piped(preprocessing.StandardScaler(), logistic()), {"logisticregression__C": [0.1, 1]}, cv=2
    ),
    "search in a pipeline": lambda: piped(
        preprocessing.StandardScaler(), model_selection.GridSearchCV(logistic(), {"C": [0.1, 1]}, cv=2)
    ),
    "pipelines in a pipeline": lambda: piped(piped(piped(preprocessing.StandardScaler())), piped(logistic())),
    "CalibratedClassifierCV": lambda: calibration.CalibratedClassifierCV(logistic(), cv=2),
    "calibrated LinearSVC": lambda: calibration.CalibratedClassifierCV(svm.LinearSVC(), cv=2),
    "calibrated without an ensemble": lambda: calibration.CalibratedClassifierCV(logistic(), cv=2, ensemble=False),
    "calibrated behind a scaler": lambda: piped(
        preprocessing.StandardScaler(), calibration.CalibratedClassifierCV(svm.LinearSVC(), cv=2)
    ),
    "SGDClassifier": lambda: linear_model.SGDClassifier(loss="log_loss", alpha=0.01, random_state=0),
    "one-vs-rest of SGDClassifier": lambda: multiclass.OneVsRestClassifier(
        linear_model.SGDClassifier(loss="log_loss", alpha=0.01, random_state=0)
    ),
    "one-vs-rest": lambda: multiclass.OneVsRestClassifier(logistic()),
    "PCA": lambda: piped(decomposition.PCA(5), logistic()),
    "whitened PCA": lambda: piped(decomposition.PCA(5, whiten=True), logistic()),
    "TruncatedSVD": lambda: piped(decomposition.TruncatedSVD(5), preprocessing.Normalizer(), logistic()),
    "RobustScaler": lambda: piped(preprocessing.RobustScaler(), logistic()),
    "SelectKBest": lambda: piped(feature_selection.SelectKBest(k=6), logistic()),
    "LinearDiscriminantAnalysis": discriminant_analysis.LinearDiscriminantAnalysis,
    "MLPClassifier": lambda: neural_network.MLPClassifier((8,), max_iter=40, random_state=0),
    "BaggingClassifier": lambda: ensemble.BaggingClassifier(logistic(), 3, random_state=0),
}
DECISIONS: dict[str, Callable[[], Any]] = {
    "LinearSVC": svm.LinearSVC,
    "LinearSVC behind a scaler": lambda: piped(preprocessing.StandardScaler(), svm.LinearSVC()),
    "hinge": lambda: linear_model.SGDClassifier(random_state=0),
    "RidgeClassifier": linear_model.RidgeClassifier,
    "one-vs-rest of LinearSVC": lambda: multiclass.OneVsRestClassifier(svm.LinearSVC()),
}
SEVERAL: dict[str, Callable[[], Any]] = {
    "one-vs-rest": lambda: multiclass.OneVsRestClassifier(logistic()),
    "MultiOutputClassifier": lambda: multioutput.MultiOutputClassifier(logistic()),
    "of SGDClassifier": lambda: multioutput.MultiOutputClassifier(
        linear_model.SGDClassifier(loss="log_loss", alpha=0.01, random_state=0)
    ),
    "calibrated": lambda: multiclass.OneVsRestClassifier(calibration.CalibratedClassifierCV(svm.LinearSVC(), cv=2)),
    "behind PCA": lambda: piped(decomposition.PCA(8), multiclass.OneVsRestClassifier(logistic())),
    "network": lambda: neural_network.MLPClassifier((8,), max_iter=40, random_state=0),
}
REGRESSORS: dict[str, Callable[[], Any]] = {
    "Ridge": linear_model.Ridge,
    "LinearSVR": svm.LinearSVR,
    "behind a scaler": lambda: piped(preprocessing.StandardScaler(), linear_model.LinearRegression()),
    "search": lambda: model_selection.GridSearchCV(linear_model.Ridge(), {"alpha": [0.1, 1]}, cv=2),
}


def head_of(estimator: Any, **options: Any) -> HeadGraph:
    return estimator_head(estimator, **{"feature": Feature.MEAN, "width": WIDTH, "vectors": ROWS[:40], **options})


def run(head: HeadGraph) -> Array:
    session = onnxruntime.InferenceSession(head.graph, providers=["CPUExecutionProvider"])
    scores: Array = session.run(["scores"], {"features": ROWS})[0]
    return scores


@pytest.mark.filterwarnings("ignore")  # what scikit-learn says of fits that are cut short
@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_probabilities_are_the_estimators(kind: str, names: str) -> None:
    estimator = CLASSIFIERS[kind]().fit(ROWS, NAMES[names][TARGETS])
    head = head_of(estimator)
    assert (head.scores, list(head.labels)) == (ScoreKind.PROBABILITY, estimator.classes_.tolist())
    np.testing.assert_allclose(run(head), estimator.predict_proba(ROWS), atol=TOLERANCE)
    assert head.parity is not None
    assert head.parity.texts == 256 + 40


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("kind", DECISIONS)
def test_decision_functions_are_scores(kind: str, names: str) -> None:
    estimator = DECISIONS[kind]().fit(ROWS, NAMES[names][TARGETS])
    head = head_of(estimator)
    assert (head.kind, head.scores) == (HeadKind.ESTIMATOR, ScoreKind.DECISION)
    scores = run(head)
    expected = estimator.decision_function(ROWS)
    np.testing.assert_allclose(scores[:, -1] if expected.ndim == 1 else scores, expected, rtol=1e-5, atol=1e-4)
    assert [head.labels[place] for place in scores.argmax(axis=1)] == estimator.predict(ROWS).tolist()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", SEVERAL)
def test_several_labels_are_probabilities_of_each(kind: str) -> None:
    estimator = SEVERAL[kind]().fit(ROWS, TAGS)
    head = head_of(estimator, labels=["x", "y", "z"])
    assert (head.scores, head.labels) == (ScoreKind.MULTI_LABEL, ("x", "y", "z"))
    scores = run(head)
    expected = estimator.predict_proba(ROWS)
    if isinstance(expected, list):
        expected = np.stack([part[:, 1] for part in expected], axis=1)
    np.testing.assert_allclose(scores, expected, atol=TOLERANCE)
    np.testing.assert_array_equal(scores >= 0.5, estimator.predict(ROWS) == 1)
    assert head_of(estimator).labels == (0, 1, 2)


@pytest.mark.filterwarnings("ignore")
def test_a_label_that_every_text_or_none_has_is_kept() -> None:
    tags = TAGS.copy()
    tags[:, 0], tags[:, 2] = 0, 1
    estimator = multiclass.OneVsRestClassifier(logistic()).fit(ROWS, tags)
    np.testing.assert_allclose(run(head_of(estimator)), estimator.predict_proba(ROWS), atol=TOLERANCE)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", REGRESSORS)
def test_a_regressor_gives_its_number(kind: str) -> None:
    estimator = REGRESSORS[kind]().fit(ROWS, NUMBERS)
    head = head_of(estimator)
    assert (head.scores, head.labels) == (ScoreKind.REGRESSION, ("value",))
    np.testing.assert_allclose(run(head)[:, 0], estimator.predict(ROWS), rtol=1e-5, atol=1e-5)
    assert head_of(estimator, labels=["stars"]).labels == ("stars",)


def test_a_resampling_pipeline_is_read_without_its_sampler() -> None:
    imblearn = pytest.importorskip("imblearn", reason="imbalanced-learn is not installed")
    sampler = imblearn.over_sampling.RandomOverSampler(random_state=0)
    estimator = imblearn.pipeline.make_pipeline(preprocessing.StandardScaler(), sampler, logistic())
    estimator.fit(ROWS, TARGETS)
    np.testing.assert_allclose(run(head_of(estimator)), estimator.predict_proba(ROWS), atol=TOLERANCE)


def test_intels_extension_is_read_as_scikit_learn() -> None:
    sklearnex = pytest.importorskip("sklearnex.linear_model", reason="scikit-learn-intelex is not installed")
    estimator = sklearnex.LogisticRegression(max_iter=500).fit(ROWS, TARGETS)
    np.testing.assert_allclose(run(head_of(estimator)), estimator.predict_proba(ROWS), atol=TOLERANCE)


@pytest.mark.parametrize(
    ("module", "base"),
    [("imblearn.pipeline", pipeline.Pipeline), ("sklearnex.linear_model", linear_model.LogisticRegression)],
)
def test_what_derives_from_scikit_learn_in_these_packages_is_read(module: str, base: type) -> None:
    kind: Any = type(base.__name__, (base,), {"__module__": module})
    estimator = kind([("lr", logistic())]) if base is pipeline.Pipeline else kind(max_iter=500)
    estimator.fit(ROWS, TARGETS)
    np.testing.assert_allclose(run(head_of(estimator)), estimator.predict_proba(ROWS), atol=TOLERANCE)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: neighbors.KNeighborsClassifier(), r"KNeighborsClassifier \(sklearn\.neighbors\..*needs the operators"),
        (lambda: ensemble.RandomForestClassifier(3), r"RandomForestClassifier \(sklearn\.ensemble\..*TreeEnsembleC"),
        (lambda: svm.SVC(), r"SVC \(sklearn\.svm\..*neither probabilities nor a linear decision function"),
        (
            lambda: calibration.CalibratedClassifierCV(logistic(), cv=2, method="isotonic"),
            r"differ from predict_proba|needs the operators",
        ),
        (
            lambda: piped(preprocessing.PolynomialFeatures(2), logistic()),
            r"PolynomialFeatures|skl2onnx could not convert",
        ),
    ],
)
def test_what_is_not_exact_is_refused_with_step_module_and_cure(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(HeadError, match=message):
        head_of(make().fit(ROWS, TARGETS))


def test_outputs_that_choose_among_three_are_refused() -> None:
    estimator = multioutput.MultiOutputClassifier(logistic()).fit(ROWS, np.stack([TARGETS, TARGETS], axis=1))
    with pytest.raises(HeadError, match=r"output 0 chooses among \[0, 1, 2\], expected 0 and 1"):
        head_of(estimator)


def test_two_numbers_are_refused() -> None:
    with pytest.raises(HeadError, match="gives 2 numbers, expected one"):
        head_of(linear_model.Ridge().fit(ROWS, ROWS[:, :2]))


def test_a_search_that_kept_nothing_is_refused() -> None:
    search = model_selection.GridSearchCV(logistic(), {"C": [1]}, cv=2, refit=False).fit(ROWS, TARGETS)
    with pytest.raises(HeadError, match="fit it with refit=True"):
        head_of(search)
