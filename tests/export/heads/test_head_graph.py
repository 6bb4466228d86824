"""The last steps of every head: labels, weights and the graph are checked before there are bytes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

from claxon.bundle.manifest import Feature, HeadKind, ScoreKind
from claxon_export.errors import HeadError
from claxon_export.heads import HeadGraph
from claxon_export.heads.head_graph import check_label_count, head_model, plain_label

HEAD = HeadGraph(HeadKind.SIMILARITY, Feature.EMBEDDING, ("a", "b"), ScoreKind.COSINE, b"")
NODES = [helper.make_node("MatMul", ["features", "weight"], ["scores"], name="product")]
WEIGHT = np.ones((4, 2), np.float32)


def test_a_model_has_one_dynamic_input_and_one_output() -> None:
    model = onnx.load_from_string(head_model("test", NODES, {"weight": WEIGHT}, 4, 2))
    assert model.ir_version == 9
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 20)]
    for value, name, size in ((model.graph.input[0], "features", 4), (model.graph.output[0], "scores", 2)):
        texts, width = value.type.tensor_type.shape.dim
        assert (value.name, value.type.tensor_type.elem_type) == (name, onnx.TensorProto.FLOAT)
        assert (texts.dim_param, width.dim_value) == ("texts", size)


def test_the_same_head_gives_the_same_bytes() -> None:
    assert head_model("test", NODES, {"weight": WEIGHT}, 4, 2) == head_model("test", NODES, {"weight": WEIGHT}, 4, 2)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_weight_that_is_not_finite_is_named(value: float) -> None:
    weight = WEIGHT.copy()
    weight[2, 1] = value
    with pytest.raises(HeadError, match="weight has 1 value"):
        head_model("test", NODES, {"weight": weight}, 4, 2)


@pytest.mark.parametrize(("width", "labels"), [(5, 2), (4, 3)])
def test_shapes_that_do_not_fit_are_refused(width: int, labels: int) -> None:
    with pytest.raises(HeadError, match="not a valid ONNX model"):
        head_model("test", NODES, {"weight": WEIGHT}, width, labels)


def test_a_node_that_reads_nothing_known_is_refused() -> None:
    with pytest.raises(HeadError, match="not a valid ONNX model"):
        head_model("test", NODES, {}, 4, 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": ("a",)}, r"found 1 label"),
        ({"labels": ("a", "b", "a")}, "repeated"),
        ({"labels": (0, False)}, "repeated"),
        ({"labels": ("a", None)}, "a label is None"),
        ({"temperature": 0.0}, "temperature is 0.0"),
        ({"temperature": -1.0}, "temperature is -1.0"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"temperature": float("inf")}, "temperature is inf"),
    ],
)
def test_a_head_that_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(HeadError, match=message):
        replace(HEAD, **changes)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.float32(0.5), 0.5),
        ("b", "b"),
        (7, 7),
    ],
)
def test_labels_become_plain_values(value: Any, expected: Any) -> None:
    result = plain_label(value)
    assert (result, type(result)) == (expected, type(expected))


@pytest.mark.parametrize("value", [None, ("a",), b"a", float("nan"), np.float64(np.inf)])
def test_what_is_no_label_is_refused(value: Any) -> None:
    with pytest.raises(HeadError, match="expected str, int, bool or a finite float"):
        plain_label(value)


def test_a_label_for_each_class_is_expected() -> None:
    with pytest.raises(HeadError, match="2 labels were given for 3 classes"):
        check_label_count(("a", "b"), 3)
