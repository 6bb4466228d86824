"""Logistic heads in ONNX Runtime against scikit-learn's predict_proba."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest

from claxon.bundle.manifest import Feature, HeadKind, ScoreKind
from claxon_export.errors import HeadError
from claxon_export.heads import HeadGraph, estimator_head

linear_model = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
pytest.importorskip("skl2onnx", reason="skl2onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
OneVsRestClassifier = pytest.importorskip("sklearn.multiclass").OneVsRestClassifier
pipeline = pytest.importorskip("sklearn.pipeline")
preprocessing = pytest.importorskip("sklearn.preprocessing")
LogisticRegression = linear_model.LogisticRegression
LogisticRegressionCV = linear_model.LogisticRegressionCV
Pipeline = pipeline.Pipeline
make_pipeline = pipeline.make_pipeline
MinMaxScaler = preprocessing.MinMaxScaler
Normalizer = preprocessing.Normalizer
StandardScaler = preprocessing.StandardScaler

TOLERANCE = 1e-5
# Nearer than this, float32 scores may tie where float64 ones do not.
SMALLEST_MARGIN = 1e-4
ROWS = 2_000
WIDTH = 24
CLASSES = 6
Array = np.ndarray[Any, Any]
HAS_MULTI_CLASS = "multi_class" in inspect.signature(LogisticRegression.__init__).parameters


def features(rows: int, seed: int) -> Array:
    """Gaussian features with as different means and deviations as those of BERT's states."""
    values = np.random.default_rng(seed).normal(size=(rows, WIDTH))
    return (values * np.linspace(0.1, 2, WIDTH) + np.linspace(-3, 5, WIDTH)).astype(np.float32)


def classes(rows: Array, count: int) -> Array:
    weights = np.random.default_rng(5).normal(size=(WIDTH, count))
    noise = np.random.default_rng(6).gumbel(size=(len(rows), count)) * 2
    chosen: Array = ((rows - rows.mean(axis=0)) @ weights + noise).argmax(axis=1)
    return chosen


def fitted(estimator: Any, count: int = CLASSES, dtype: type = np.float64) -> Any:
    rows = features(400, 1)
    return estimator.fit(rows.astype(dtype), classes(rows, count))


def head_of(estimator: Any, **options: Any) -> HeadGraph:
    return estimator_head(estimator, **{"feature": Feature.MEAN, "width": WIDTH, **options})


def run(head: HeadGraph, rows: Array) -> Array:
    session = onnxruntime.InferenceSession(head.graph, providers=["CPUExecutionProvider"])
    scores: Array = session.run(["scores"], {"features": rows})[0]
    return scores


def assert_equals_sklearn(head: HeadGraph, estimator: Any) -> None:
    rows = features(ROWS, 2)
    expected, result = estimator.predict_proba(rows), run(head, rows)
    assert result.shape == expected.shape
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, atol=TOLERANCE, rtol=0)
    second, first = np.sort(expected, axis=1)[:, -2:].T
    clear = first - second > SMALLEST_MARGIN
    assert clear.mean() > 0.9
    labels = np.array(head.labels)[result.argmax(axis=1)]
    np.testing.assert_array_equal(labels[clear], estimator.predict(rows)[clear])


def logistic(**options: Any) -> Any:
    return LogisticRegression(max_iter=2_000, **options)


def cross_validated() -> Any:
    legacy = {"use_legacy_attributes": False, "l1_ratios": (0.0,), "scoring": "neg_log_loss"}
    known = inspect.signature(LogisticRegressionCV.__init__).parameters
    given = legacy if "use_legacy_attributes" in known else {}
    return LogisticRegressionCV(Cs=(0.1, 1.0), cv=2, max_iter=2_000, **given)


ESTIMATORS: dict[str, Callable[[], Any]] = {
    "plain": logistic,
    "weakly regularised": lambda: make_pipeline(StandardScaler(), logistic(C=1e4)),
    "without intercept": lambda: logistic(fit_intercept=False),
    "newton-cholesky": lambda: logistic(solver="newton-cholesky"),
    "cross-validated": cross_validated,
    "one-vs-rest": lambda: OneVsRestClassifier(logistic()),
    "one-vs-rest cross-validated": lambda: OneVsRestClassifier(cross_validated()),
    "standard": lambda: make_pipeline(StandardScaler(), logistic()),
    "standard without mean": lambda: make_pipeline(StandardScaler(with_mean=False), logistic()),
    "standard without deviation": lambda: make_pipeline(StandardScaler(with_std=False), logistic()),
    "standard without either": lambda: make_pipeline(StandardScaler(with_mean=False, with_std=False), logistic()),
    "normalizer": lambda: make_pipeline(Normalizer(), logistic(C=100)),
    "normalizer l1": lambda: make_pipeline(Normalizer("l1"), logistic(C=100)),
    "min-max": lambda: make_pipeline(MinMaxScaler(), logistic()),
    "min-max clipped": lambda: make_pipeline(MinMaxScaler((-1, 1), clip=True), logistic()),
    "standard, normalizer": lambda: make_pipeline(StandardScaler(), Normalizer(), logistic()),
    "normalizer, standard": lambda: make_pipeline(Normalizer(), StandardScaler(), logistic()),
    "standard, one-vs-rest": lambda: make_pipeline(StandardScaler(), OneVsRestClassifier(logistic())),
    "passthrough": lambda: Pipeline([("a", "passthrough"), ("b", None), ("c", StandardScaler()), ("d", logistic())]),
    "only passthrough": lambda: Pipeline([("a", "passthrough"), ("d", logistic())]),
}


@pytest.mark.parametrize("count", [2, CLASSES])
@pytest.mark.parametrize("make", ESTIMATORS.values(), ids=ESTIMATORS)
def test_probabilities_are_those_of_scikit_learn(make: Callable[[], Any], count: int) -> None:
    estimator = fitted(make(), count)
    if HAS_MULTI_CLASS and estimator.get_params().get("solver") == "newton-cholesky" and count > 2:
        # skl2onnx takes it for one-vs-rest as long as scikit-learn has that option, which is until 1.8.
        with pytest.raises(HeadError, match="probabilities are off"):
            head_of(estimator)
        return
    head = head_of(estimator)
    assert_equals_sklearn(head, estimator)
    assert run(head, features(3, 4)).sum(axis=1) == pytest.approx(1, abs=TOLERANCE)


@pytest.mark.parametrize("count", [2, CLASSES])
def test_float32_coefficients_are_taken(count: int) -> None:
    estimator = fitted(logistic(), count, np.float32)
    estimator.coef_ = estimator.coef_.astype(np.float32)
    estimator.intercept_ = estimator.intercept_.astype(np.float32)
    assert_equals_sklearn(head_of(estimator), estimator)


def test_the_liblinear_solver_is_taken() -> None:
    estimator = fitted(logistic(solver="liblinear"), 2)
    assert_equals_sklearn(head_of(estimator), estimator)


@pytest.mark.skipif(not HAS_MULTI_CLASS, reason="this scikit-learn has no multi_class")
@pytest.mark.filterwarnings("ignore:'multi_class' was deprecated")
@pytest.mark.parametrize("multi_class", ["ovr", "multinomial"])
@pytest.mark.parametrize("count", [2, CLASSES])
def test_old_ways_to_say_one_vs_rest_are_taken(multi_class: str, count: int) -> None:
    estimator = fitted(logistic(multi_class=multi_class), count)
    assert_equals_sklearn(head_of(estimator), estimator)


def test_sparse_coefficients_are_taken() -> None:
    estimator = fitted(logistic())
    expected = estimator.predict_proba(features(5, 3))
    head = head_of(estimator.sparsify())
    np.testing.assert_allclose(run(head, features(5, 3)), expected, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler(), make_pipeline(StandardScaler(), Normalizer())])
def test_a_tiny_scale_far_from_zero_does_not_cancel(scaler: Any) -> None:
    """Float32 throughout, with the scaler folded into the coefficients, would be off by more."""
    steps = scaler.steps if isinstance(scaler, Pipeline) else [("scaler", scaler)]
    estimator = Pipeline([*steps, ("classifier", logistic(C=100))])
    values = np.random.default_rng(7).normal(size=(2_400, WIDTH)) * 1e-3 + 1
    rows = values.astype(np.float32)
    estimator.fit(rows[:400], classes(rows[:400] * 1e3, CLASSES))
    result = run(head_of(estimator), rows[400:])
    np.testing.assert_allclose(result, estimator.predict_proba(rows[400:]), atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("names", [("negative", "positive"), (-1, 1), (False, True), (1.0, 2.0)])
def test_classes_become_plain_labels(names: tuple[Any, Any]) -> None:
    rows = features(400, 1)
    estimator = logistic().fit(rows, np.array(names)[classes(rows, 2)])
    head = head_of(estimator)
    assert head.labels == names
    assert [type(label) for label in head.labels] == [type(name) for name in names]
    assert_equals_sklearn(head, estimator)


@pytest.mark.parametrize("wrapper", [logistic, lambda: OneVsRestClassifier(logistic())])
def test_strings_in_an_object_array_are_taken(wrapper: Callable[[], Any]) -> None:
    rows = features(400, 1)
    names = np.array(["joy", "anger", "fear", "love", "sadness", "surprise"], dtype=object)
    estimator = wrapper().fit(rows, names[classes(rows, CLASSES)])
    head = head_of(estimator)
    assert head.labels == tuple(sorted(names))
    assert_equals_sklearn(head, estimator)


def test_labels_can_name_the_classes() -> None:
    assert head_of(fitted(logistic(), 2), labels=["bad", "good"]).labels == ("bad", "good")


def test_the_head_says_what_it_is() -> None:
    head = head_of(fitted(make_pipeline(StandardScaler(), logistic(C=2.0))), feature=Feature.EMBEDDING)
    assert (head.kind, head.feature, head.scores) == (
        HeadKind.LOGISTIC,
        Feature.EMBEDDING,
        ScoreKind.PROBABILITY,
    )
    assert head.temperature is None
    assert head.details["estimator"] == "StandardScaler, LogisticRegression"
    assert (head.details["C"], head.details["solver"], head.details["n_features"]) == (2.0, "lbfgs", WIDTH)
    assert {"scikit_learn", "skl2onnx"} <= head.details.keys()


def test_the_figures_of_the_comparison_come_along() -> None:
    parity = head_of(fitted(logistic())).parity
    assert parity is not None
    assert parity.source.startswith("scikit-learn ")
    assert parity.texts == 256
    assert len(parity.texts_sha256) == 64
    (comparison,) = parity.comparisons
    assert comparison.output == "probabilities"
    assert 0 < comparison.max_abs_difference <= TOLERANCE
    assert comparison.label_agreement == 1


def test_nothing_but_plain_operators_is_left() -> None:
    estimator = fitted(make_pipeline(StandardScaler(), OneVsRestClassifier(logistic())))
    graph = onnx.load_from_string(head_of(estimator).graph).graph
    assert {node.domain for node in graph.node} == {""}
    assert [node.op_type for node in graph.node].count("MatMul") == 1
    assert not {"ArgMax", "ZipMap", "ArrayFeatureExtractor"}.intersection(node.op_type for node in graph.node)
    assert all(node.name.startswith(("scaler.", "logistic.", "scores")) for node in graph.node)


def test_the_estimator_stays_as_it_was() -> None:
    rows = features(400, 1)
    estimator = logistic().fit(rows, np.array(["a", "b"])[classes(rows, 2)])
    before = estimator.coef_.copy()
    head_of(estimator)
    assert list(estimator.classes_) == ["a", "b"]
    np.testing.assert_array_equal(estimator.coef_, before)


def test_an_estimator_fitted_on_a_data_frame_gives_no_warning() -> None:
    estimator = fitted(make_pipeline(StandardScaler(), logistic()))
    for part in (estimator.steps[0][1], estimator.steps[1][1]):
        part.feature_names_in_ = np.array([f"x{i}" for i in range(WIDTH)], dtype=object)
    assert head_of(estimator).labels == tuple(range(CLASSES))
