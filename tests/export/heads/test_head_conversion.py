"""What is kept of skl2onnx's graphs, and in which arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest

from claxon_export.errors import HeadError
from claxon_export.heads.bodies import Precision
from claxon_export.heads.conversion import convert
from claxon_export.heads.estimators import FittedClassifier, read_estimator

pytest.importorskip("skl2onnx", reason="skl2onnx is not installed")
linear_model = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
preprocessing = pytest.importorskip("sklearn.preprocessing", reason="scikit-learn is not installed")
pipeline = pytest.importorskip("sklearn.pipeline", reason="scikit-learn is not installed")

WIDTH = 5


def fitted(*scalers: Any) -> FittedClassifier:
    rows = np.random.default_rng(0).normal(size=(60, WIDTH))
    steps = [*scalers, linear_model.LogisticRegression()]
    return read_estimator(pipeline.make_pipeline(*steps).fit(rows, rows[:, :3].argmax(axis=1)))


def nodes(graph: bytes) -> list[tuple[str, str]]:
    return [(node.name, node.op_type) for node in onnx.load_from_string(graph).graph.node]


def test_a_classifier_is_a_product_a_sum_and_a_softmax() -> None:
    assert nodes(convert(fitted())) == [
        ("logistic.features", "Cast"),
        ("logistic.matmul", "MatMul"),
        ("logistic.add", "Add"),
        ("logistic.softmax", "Softmax"),
        ("scores", "Cast"),
    ]


def test_scalers_come_first() -> None:
    names = [name for name, _ in nodes(convert(fitted(preprocessing.StandardScaler())))]
    assert names[:4] == ["scaler.features", "scaler.sub", "scaler.div", "logistic.features"]


@pytest.mark.parametrize(
    ("precision", "expected"),
    [(Precision.FLOAT64, onnx.TensorProto.DOUBLE), (Precision.FLOAT32, onnx.TensorProto.FLOAT)],
)
def test_the_arithmetic_of_the_scalers_is_as_asked(precision: Precision, expected: int) -> None:
    model = onnx.load_from_string(convert(fitted(preprocessing.StandardScaler()), precision))
    kinds = {tensor.name.partition(".")[0]: tensor.data_type for tensor in model.graph.initializer}
    assert kinds == {"scaler": expected, "logistic": onnx.TensorProto.DOUBLE}


def test_what_skl2onnx_cannot_convert_is_an_error_of_ours() -> None:
    with pytest.raises(HeadError, match=r"skl2onnx could not convert the estimator: .*MAX"):
        convert(fitted(preprocessing.Normalizer("max")))
