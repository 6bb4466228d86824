"""The comparison that every logistic head goes through must catch a graph that is wrong."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from claxon_export.errors import HeadError
from claxon_export.heads.conversion import convert
from claxon_export.heads.estimators import FittedClassifier, read_estimator
from claxon_export.heads.verification import ROWS, TOLERANCE, Probe, random_rows

pytest.importorskip("skl2onnx", reason="skl2onnx is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
linear_model = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
preprocessing = pytest.importorskip("sklearn.preprocessing", reason="scikit-learn is not installed")
pipeline = pytest.importorskip("sklearn.pipeline", reason="scikit-learn is not installed")

WIDTH = 12


def fitted(*scalers: Any) -> FittedClassifier:
    rows = np.random.default_rng(0).normal(loc=7, size=(200, WIDTH))
    steps = [*scalers, linear_model.LogisticRegression(max_iter=500)]
    return read_estimator(pipeline.make_pipeline(*steps).fit(rows, rows[:, :3].argmax(axis=1)))


def shifted(graph: bytes, by: float) -> bytes:
    """The same graph with every constant a little larger, the axes left alone."""
    model = onnx.load_from_string(graph)
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype.kind == "f":
            changed = values * np.linspace(1, 1 + by, values.shape[-1])
            tensor.CopyFrom(numpy_helper.from_array(changed.astype(values.dtype), tensor.name))
    content: bytes = model.SerializeToString()
    return content


def test_a_faithful_graph_passes() -> None:
    classifier = fitted()
    graph = convert(classifier)
    verified = Probe.from_classifier(classifier).verified([graph])
    (comparison,) = verified.parity.comparisons
    assert verified.graph == graph
    assert comparison.max_abs_difference <= TOLERANCE
    assert comparison.label_agreement == 1


def test_the_nearest_graph_is_taken() -> None:
    classifier = fitted()
    graph = convert(classifier)
    verified = Probe.from_classifier(classifier).verified([shifted(graph, np.nan), shifted(graph, 1e-6), graph])
    assert verified.graph == graph


def test_the_digest_is_that_of_the_rows() -> None:
    classifier = fitted()
    rows = random_rows(classifier)
    parity = Probe.from_classifier(classifier).verified([convert(classifier)]).parity
    assert (parity.texts, parity.texts_sha256) == (ROWS, hashlib.sha256(rows.tobytes()).hexdigest())


def test_a_graph_slightly_off_is_refused_with_the_figure() -> None:
    classifier = fitted()
    with pytest.raises(HeadError, match=r"differ from predict_proba by 0\.0\d+ on 256 random rows"):
        Probe.from_classifier(classifier).verified([shifted(convert(classifier), 1e-2)])


def test_a_graph_that_gives_nan_is_refused() -> None:
    classifier = fitted()
    with pytest.raises(HeadError, match="predict_proba by inf"):
        Probe.from_classifier(classifier).verified([shifted(convert(classifier), np.nan)])


def test_a_label_that_differs_where_the_margin_is_clear_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("claxon_export.heads.verification.TOLERANCE", 1.0)
    classifier = fitted()
    with pytest.raises(HeadError, match=r"labels differ from the estimator's on \d+ of 256"):
        Probe.from_classifier(classifier).verified([shifted(convert(classifier), -0.5)])


def rounding_estimator(rounding: float, monkeypatch: pytest.MonkeyPatch) -> FittedClassifier:
    """An estimator whose answers to float32 rows are off by that much."""
    classifier = fitted()
    answer = classifier.estimator.predict_proba

    def rounded(rows: Any) -> Any:
        return answer(rows) + (rounding if rows.dtype == np.float32 else 0)

    monkeypatch.setattr(classifier.estimator, "predict_proba", rounded, raising=False)
    return classifier


@pytest.mark.parametrize(("rounding", "is_float64"), [(1e-6, False), (2e-5, True)])
def test_what_rounds_by_itself_is_asked_in_float64(
    rounding: float, is_float64: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = rounding_estimator(rounding, monkeypatch)
    parity = Probe.from_classifier(classifier).verified([convert(classifier)]).parity
    assert parity.source.endswith(", given float64") is is_float64
    assert parity.comparisons[0].max_abs_difference <= TOLERANCE


def test_a_large_rounding_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = rounding_estimator(1e-3, monkeypatch)
    with pytest.raises(HeadError, match=r"by 0\.001 on 256 .* itself changes by 0\.001"):
        Probe.from_classifier(classifier).verified([convert(classifier)])


def test_an_estimator_that_cannot_predict_is_refused() -> None:
    classifier = fitted()
    del classifier.estimator.steps[-1][1].intercept_
    with pytest.raises(HeadError, match=r"predict_proba fails .* another version of scikit-learn"):
        Probe.from_classifier(classifier)


def test_rows_are_the_same_each_time_and_half_of_unit_norm() -> None:
    rows = random_rows(fitted())
    assert (rows.shape, rows.dtype) == ((ROWS, WIDTH), np.float32)
    np.testing.assert_array_equal(rows, random_rows(fitted()))
    norms = np.linalg.norm(rows, axis=1)
    np.testing.assert_allclose(norms[: ROWS // 2], 1, atol=1e-6)
    assert norms.max() > 5


@pytest.mark.parametrize("scaler", ["StandardScaler", "MinMaxScaler"])
def test_rows_lie_where_the_scaler_was_fitted(scaler: str) -> None:
    rows = random_rows(fitted(getattr(preprocessing, scaler)()))
    np.testing.assert_allclose(rows[ROWS // 2 :].mean(axis=0), 7, atol=0.8)
