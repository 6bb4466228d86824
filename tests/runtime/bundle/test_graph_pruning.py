"""A graph less what the wanted outputs do not need; ONNX's own checker and ONNX Runtime judge what is left."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from claxon.bundle.graph_pruning import pruned

Array = np.ndarray[Any, Any]
FLOAT = TensorProto.FLOAT


def _constant(name: str, value: float) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array([value], np.float32), name)


def _model(*extra: onnx.NodeProto) -> onnx.ModelProto:
    """``double`` and ``triple`` of ``x``, by way of a shared node; each with a constant of its own."""
    nodes = [
        helper.make_node("Identity", ["x"], ["shared"]),
        helper.make_node("Mul", ["shared", "two"], ["double"]),
        helper.make_node("Mul", ["shared", "three"], ["product"]),
        helper.make_node("Clip", ["product", "", "three"], ["triple"]),
        *extra,
    ]
    ends = [helper.make_tensor_value_info(name, FLOAT, ["n"]) for name in ("x", "double", "triple")]
    inner = [helper.make_tensor_value_info(name, FLOAT, ["n"]) for name in ("shared", "product")]
    graph = helper.make_graph(
        nodes, "graph", ends[:1], ends[1:], [_constant("two", 2), _constant("three", 300)], value_info=inner
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def _run(content: bytes, output: str) -> Array:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    result: Array = session.run([output], {"x": np.array([1, 5], np.float32)})[0]
    return result


def test_only_what_the_output_needs_is_left() -> None:
    part = pruned(_model().SerializeToString(), ["double"])
    assert part is not None
    model = onnx.load_from_string(part.content)
    onnx.checker.check_model(model, full_check=True)
    assert [node.op_type for node in model.graph.node] == ["Identity", "Mul"]
    assert [value.name for value in model.graph.output] == ["double"]
    assert [tensor.name for tensor in model.graph.initializer] == ["two"]
    assert part.reads == {"x", "shared", "two", "double"}


def test_the_output_is_what_it_was() -> None:
    content = _model().SerializeToString()
    for output in ("double", "triple"):
        part = pruned(content, [output])
        assert part is not None
        np.testing.assert_array_equal(_run(part.content, output), _run(content, output))


def test_opsets_and_version_stay() -> None:
    part = pruned(_model().SerializeToString(), ["double"])
    assert part is not None
    model = onnx.load_from_string(part.content)
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 20), ("com.microsoft", 1)]
    assert model.ir_version == 9


def test_all_outputs_leave_every_node() -> None:
    part = pruned(_model().SerializeToString(), ["triple", "double"])
    assert part is not None
    assert len(onnx.load_from_string(part.content).graph.node) == 4


def test_a_graph_with_graphs_inside_is_left_alone() -> None:
    """They may read values of the outer graph, which nothing in their node's inputs tells."""
    branch = helper.make_graph(
        [helper.make_node("Identity", ["product"], ["inner"])],
        "branch",
        [],
        [helper.make_tensor_value_info("inner", FLOAT, ["n"])],
    )
    choice = helper.make_node("If", ["condition"], ["chosen"], then_branch=branch, else_branch=branch)
    assert pruned(_model(choice).SerializeToString(), ["double"]) is None


def test_an_output_that_the_graph_lacks_prunes_nothing() -> None:
    assert pruned(_model().SerializeToString(), ["double", "fourfold"]) is None


def test_long_names_and_large_constants_survive() -> None:
    """Lengths above 127 take more than one byte."""
    name = "n" * 300
    nodes = [helper.make_node("Add", ["x", name], ["double"]), helper.make_node("Neg", ["x"], ["triple"])]
    ends = [helper.make_tensor_value_info(end, FLOAT, [70_000 if end == "x" else None]) for end in ("x", "double")]
    ends.append(helper.make_tensor_value_info("triple", FLOAT, [None]))
    values = np.arange(70_000, dtype=np.float32)
    graph = helper.make_graph(nodes, "graph", ends[:1], ends[1:], [numpy_helper.from_array(values, name)])
    content = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9).SerializeToString()
    part = pruned(content, ["double"])
    assert part is not None
    np.testing.assert_array_equal(
        numpy_helper.to_array(onnx.load_from_string(part.content).graph.initializer[0]), values
    )
