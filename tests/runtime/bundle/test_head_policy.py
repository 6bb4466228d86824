"""How large a head's values become, told from shapes: as large as the engine makes them, or larger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from claxon.bundle import head_policy
from claxon.bundle.head_policy import ROWS, check_sizes
from claxon.errors import BundleError
from tests.encoder_graphs import session_of

WIDTH = 32


def head(nodes: Sequence[NodeProto], tensors: Mapping[str, Any]) -> bytes:
    """A head that gives out every value that a node of it gives."""
    graph = helper.make_graph(
        nodes,
        "head",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["texts", WIDTH])],
        [ValueInfoProto(name=name) for node in nodes for name in node.output],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in tensors.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    return bytes(model.SerializeToString())


def node(operator: str, inputs: str, output: str, **attributes: Any) -> NodeProto:
    return helper.make_node(operator, inputs.split(), [output], **attributes)


def floats(*shape: int) -> np.ndarray[Any, Any]:
    return np.ones(shape, np.float32)


LOGISTIC = head(
    [
        node("Cast", "features", "a", to=TensorProto.DOUBLE),
        node("MatMul", "a w", "b"),
        node("Add", "b c", "d"),
        node("Sigmoid", "d", "e"),
        node("ReduceSum", "e axes", "f", keepdims=1),
        node("Div", "e f", "g"),
    ],
    {"w": np.ones((WIDTH, 5)), "c": np.ones((1, 5)), "axes": np.array([1])},
)
LAYERS = head(
    [node("Gemm", "features w b", "a", transB=1), node("Relu", "a", "b2"), node("Gemm", "b2 v", "c", transB=1)],
    {"w": floats(48, WIDTH), "b": floats(48), "v": floats(7, 48)},
)
PHRASINGS = head(
    [
        node("MatMul", "features w", "a"),
        node("Gather", "a rows", "b", axis=1),
        helper.make_node("Constant", [], ["axis"], value_ints=[2]),
        node("ReduceMax", "b axis", "c", keepdims=0),
    ],
    {"w": floats(WIDTH, 20), "rows": np.zeros((5, 4), np.int64)},
)
REARRANGED = head(
    [
        node("Transpose", "w", "a"),
        node("Unsqueeze", "a axes", "b"),
        node("Concat", "b b", "c", axis=0),
        node("Add", "c c", "d"),
    ],
    {"w": floats(3, 4), "axes": np.array([1])},
)
STACKED = head(
    [node("MatMul", "v w", "a"), node("Add", "a c", "b")],
    {"v": floats(3, 1, 2, 4), "w": floats(5, 4, 6), "c": floats(6)},
)
ALL = {"logistic": LOGISTIC, "layers": LAYERS, "phrasings": PHRASINGS, "rearranged": REARRANGED, "stacked": STACKED}


def largest(graph: bytes) -> int:
    """The most values that the engine makes in one tensor."""
    return max(int(found.size) for found in session_of(graph).run(None, {"features": floats(ROWS, WIDTH)}))


@pytest.mark.parametrize("name", ALL)
def test_a_head_is_not_refused_at_its_size_and_not_let_through_below_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_sizes(ALL[name], "head.onnx", WIDTH)
    monkeypatch.setattr(head_policy, "MOST_VALUES", largest(ALL[name]) - 1)
    with pytest.raises(BundleError, match=r"head\.onnx: \w+ makes up to [\d,]+ values for 2 texts, expected at most"):
        check_sizes(ALL[name], "head.onnx", WIDTH)


@pytest.mark.parametrize("name", ["logistic", "layers", "phrasings", "stacked"])
def test_the_bound_is_exact_for_heads_that_claxon_writes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_policy, "MOST_VALUES", largest(ALL[name]))
    check_sizes(ALL[name], "head.onnx", WIDTH)


TALL, WIDE = floats(20_000, 1), floats(1, 20_000)


@pytest.mark.parametrize(
    "nodes",
    [
        [node("Add", "a b", "c")],
        [node("MatMul", "a b", "c")],
        [node("Gemm", "b b", "c", transA=1)],
        [node("Transpose", "b", "t"), node("Mul", "t b", "c")],
        [node("ReduceSum", "a axes", "t", keepdims=0), node("Mul", "t a", "c")],
        [node("Flatten", "a", "t"), node("Reshape", "t shape", "u"), node("Max", "u a", "c")],
        [node("Gather", "b many", "t", axis=1), node("Gather", "t many", "c", axis=0)],
    ],
    ids=["sum", "product", "gemm", "transposed", "reduced", "reshaped", "gathered"],
)
def test_a_head_that_grows_to_gigabytes_is_refused(nodes: list[NodeProto]) -> None:
    tensors = {
        "a": TALL,
        "b": WIDE,
        "axes": np.array([1]),
        "shape": np.array([1, -1]),
        "many": np.zeros(20_000, np.int64),
    }
    content = head(nodes, tensors)
    assert len(content) < 400_000
    with pytest.raises(BundleError, match=r"makes up to [4-9]\d\d,\d\d\d,\d\d\d values|[\d,]{13,} values"):
        check_sizes(content, "head.onnx", WIDTH)


def test_a_large_head_passes() -> None:
    weights = np.lib.stride_tricks.as_strided(floats(1), (768, 2000), (0, 0))
    check_sizes(head([node("MatMul", "features w", "scores")], {"w": weights}), "head.onnx", WIDTH)


def test_an_undefined_input_is_refused() -> None:
    with pytest.raises(
        BundleError, match=r"head\.onnx: Add reads 'later', expected 'features', a tensor of the graph, or"
    ):
        check_sizes(head([node("Add", "features later", "later")], {}), "head.onnx", WIDTH)


@pytest.mark.parametrize("content", [b"\x3a\xff", b"\x3a\x02\x0a\xff"])
def test_bytes_that_are_not_a_graph_are_refused(content: bytes) -> None:
    with pytest.raises(BundleError, match=r"head\.onnx: not a valid ONNX file"):
        check_sizes(content, "head.onnx", WIDTH)
