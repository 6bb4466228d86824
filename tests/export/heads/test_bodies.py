"""Parts of a head's graph that are made here, run by ONNX's own reference against numpy and scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from claxon_export.errors import HeadError
from claxon_export.heads.bodies import (
    TENSORS,
    Body,
    Link,
    Precision,
    linear_body,
    linked_body,
    side_by_side,
    with_plain_operators,
)

svm = pytest.importorskip("sklearn.svm", reason="scikit-learn is not installed")
Array = np.ndarray[Any, Any]
ROWS = np.random.default_rng(0).normal(size=(30, 6))


def run(body: Body, rows: Array = ROWS) -> Array:
    kind = TENSORS[body.precision]
    graph = helper.make_graph(
        body.nodes,
        "body",
        [helper.make_tensor_value_info(body.begin, kind, ["texts", rows.shape[1]])],
        [helper.make_tensor_value_info(body.end, kind, ["texts", "values"])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in body.constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    onnx.checker.check_model(model)
    with np.errstate(over="ignore"):
        found: Any = ReferenceEvaluator(model).run(None, {body.begin: rows.astype(str(body.precision))})
    first: Array = found[0]
    return first


def fitted(labels: int) -> Any:
    return svm.LinearSVC().fit(ROWS, ROWS[:, :labels].argmax(axis=1))


@pytest.mark.parametrize("precision", Precision)
def test_a_decision_function_of_two_labels_has_two_columns(precision: Precision) -> None:
    found = run(linear_body(fitted(2), precision))
    expected = fitted(2).decision_function(ROWS)
    np.testing.assert_allclose(found, np.stack([-expected, expected], axis=1), rtol=1e-4, atol=1e-5)


def test_probabilities_of_a_linear_function() -> None:
    values = fitted(3).decision_function(ROWS)
    shares = 1 / (1 + np.exp(-values))
    softmax = np.exp(values) / np.exp(values).sum(axis=1, keepdims=True)
    expected = {
        Link.SIGMOID: shares,
        Link.SOFTMAX: softmax,
        Link.ONE_VS_REST: shares / shares.sum(axis=1, keepdims=True),
    }
    for link in Link:
        np.testing.assert_allclose(run(linked_body(fitted(3), link, Precision.FLOAT64)), expected[link], atol=1e-12)


def test_where_no_label_is_likely_at_all_zeros_are_left() -> None:
    found = run(linked_body(fitted(3), Link.ONE_VS_REST, Precision.FLOAT64), np.full((1, 6), -30.0))
    assert np.isfinite(found).all()


def test_columns_of_parts_stand_side_by_side() -> None:
    part = linear_body(fitted(3), Precision.FLOAT64)
    node = helper.make_node("Neg", ["other.features"], ["other.neg"])
    both = side_by_side(
        [part, Body(Precision.FLOAT64, "other.features", "other.neg", [node], {})], [2, 0], part.precision
    )
    found = run(both)
    np.testing.assert_allclose(found[:, 0], fitted(3).decision_function(ROWS)[:, 2])
    np.testing.assert_allclose(found[:, 1], -ROWS[:, 0])


def test_columns_by_their_places_become_gather_and_others_are_refused() -> None:
    node = helper.make_node("ArrayFeatureExtractor", ["x", "places"], ["y"], domain="ai.onnx.ml")
    body = Body(Precision.FLOAT64, "x", "y", [node], {"places": np.array([[2, 0]])})
    np.testing.assert_array_equal(run(with_plain_operators(body, "it")), ROWS[:, [2, 0]])
    tree = helper.make_node("TreeEnsembleClassifier", ["x"], ["y"], domain="ai.onnx.ml")
    with pytest.raises(
        HeadError, match="forest, a Tree, needs the operators TreeEnsembleClassifier, which no head may"
    ):
        with_plain_operators(Body(Precision.FLOAT64, "x", "y", [tree], {}), "forest, a Tree,")
