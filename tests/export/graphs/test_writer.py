"""The vocabulary for writing graphs: each word run in ONNX Runtime, and what ends up in the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from claxon_export.graphs.writer import IR_VERSION, MICROSOFT, OPSET, GraphWriter, Norm, external
from tests.encoder_graphs import run_writer

TOLERANCE = 1e-6
Array = np.ndarray[Any, Any]

VALUES = np.array([[1, -2, 3, 4], [0, 5, -6, 7]], np.int64)


@pytest.fixture
def writer() -> GraphWriter:
    """A graph with the float value ``floats`` of shape ``(rows, 4)``."""
    graph = GraphWriter("test")
    graph.node("Cast", [graph.input("values", ["rows", 4])], "floats", to=1)
    return graph


def run(writer: GraphWriter, value: str, shape: list[str | int]) -> Array:
    writer.output(value, "result", shape)
    return run_writer(writer, {"values": VALUES})["result"]


def numbers(seed: int, *shape: int) -> Array:
    values: Array = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    return values


def test_linear_is_x_times_the_transposed_weight_plus_bias(writer: GraphWriter) -> None:
    weight, bias = numbers(0, 3, 4), numbers(1, 3)
    result = run(writer, writer.linear("floats", weight, bias, "dense"), ["rows", 3])
    np.testing.assert_allclose(result, VALUES @ weight.T + bias, rtol=0, atol=1e-5)


def test_linear_is_one_gemm_whose_weights_bear_its_name(writer: GraphWriter) -> None:
    writer.linear("floats", numbers(0, 3, 4), numbers(1, 3), "dense")
    assert {name: value.shape for name, value in writer.weights.items()} == {
        "dense.weight": (4, 3),
        "dense.bias": (3,),
    }
    assert all(value.flags.c_contiguous for value in writer.weights.values())
    node = finished(writer).graph.node[-1]
    assert (node.op_type, node.name, list(node.input)) == ("Gemm", "dense", ["floats", "dense.weight", "dense.bias"])


def test_layer_norm_has_mean_0_and_variance_1_before_weight_and_bias(writer: GraphWriter) -> None:
    weight, bias = numbers(2, 4), numbers(3, 4)
    result = run(writer, writer.layer_norm("floats", Norm("norm", weight, bias, 0.5)), ["rows", 4])
    centred = VALUES - VALUES.mean(axis=1, keepdims=True)
    expected = centred / np.sqrt(np.square(centred).mean(axis=1, keepdims=True) + 0.5) * weight + bias
    np.testing.assert_allclose(result, expected, rtol=0, atol=TOLERANCE)


def test_split_cuts_the_last_axis_into_equal_parts(writer: GraphWriter) -> None:
    left, right = writer.split("floats", ["left", "right"])
    writer.output(left, "first", ["rows", 2])
    writer.output(right, "second", ["rows", 2])
    outputs = run_writer(writer, {"values": VALUES})
    np.testing.assert_array_equal(outputs["first"], VALUES[:, :2])
    np.testing.assert_array_equal(outputs["second"], VALUES[:, 2:])


def test_reshape_takes_its_shape_from_a_tensor(writer: GraphWriter) -> None:
    result = run(writer, writer.reshape("floats", writer.integers(-1, 2), "pairs"), ["pairs", 2])
    np.testing.assert_array_equal(result, VALUES.reshape(-1, 2))


def test_value_bears_its_nodes_name(writer: GraphWriter) -> None:
    assert writer.node("Relu", ["floats"], "activated") == "activated"
    node = finished(writer).graph.node[-1]
    assert (node.name, list(node.output)) == ("activated", ["activated"])


def test_equal_constants_are_stored_once(writer: GraphWriter) -> None:
    assert writer.integers(1, 2) == writer.integers(1, 2)
    assert writer.integer(1) != writer.integers(1)
    assert writer.scalar(1.0) != writer.integer(1)
    stored = {tensor.name: tensor for tensor in finished(writer).graph.initializer}
    assert len(stored) == 4
    kinds = {name: (tensor.data_type, list(tensor.dims)) for name, tensor in stored.items()}
    assert kinds["const.1_2"] == (TensorProto.INT64, [2])
    assert kinds["const.scalar.1"] == (TensorProto.INT64, [])
    assert kinds["const.1"] == (TensorProto.INT64, [1])
    assert kinds["const.1.0"] == (TensorProto.FLOAT, [])


def test_inputs_are_int64_and_outputs_float32(writer: GraphWriter) -> None:
    writer.output("floats", "result", ["rows", 4])
    graph = finished(writer).graph
    assert graph.input[0].type.tensor_type.elem_type == TensorProto.INT64
    assert [size.dim_param or size.dim_value for size in graph.input[0].type.tensor_type.shape.dim] == ["rows", 4]
    assert graph.output[0].name == "result"
    assert graph.output[0].type.tensor_type.elem_type == TensorProto.FLOAT


def finished(writer: GraphWriter) -> onnx.ModelProto:
    return writer.model("weights.bin", {name: (0, array.nbytes) for name, array in writer.weights.items()}, {})


def test_model_says_opset_version_producer_and_metadata(writer: GraphWriter) -> None:
    model = writer.model("weights.bin", {}, {"claxon.source": "org/name"})
    assert {opset.domain: opset.version for opset in model.opset_import} == {"": OPSET, MICROSOFT: 1}
    assert OPSET >= 18
    assert model.ir_version == IR_VERSION
    assert model.producer_name == "claxon"
    assert {item.key: item.value for item in model.metadata_props} == {"claxon.source": "org/name"}


def test_weights_are_outside_and_constants_inside(writer: GraphWriter) -> None:
    writer.weight("table", np.zeros((100, 4), np.float32))
    writer.integers(1)
    model = writer.model("weights.bin", {"table": (64, 1600)}, {})
    outside = [tensor for tensor in model.graph.initializer if tensor.data_location == TensorProto.EXTERNAL]
    assert [tensor.name for tensor in outside] == ["table"]
    assert not outside[0].raw_data
    assert len(model.SerializeToString()) < 500


def test_external_tensor_is_read_back_from_its_place(tmp_path: Path) -> None:
    table = numbers(4, 3, 2)
    (tmp_path / "weights.bin").write_bytes(b"\0" * 16 + table.tobytes() + b"\xff" * 8)
    tensor = external("table", table, "weights.bin", (16, table.nbytes))
    result = onnx.numpy_helper.to_array(tensor, str(tmp_path))
    np.testing.assert_array_equal(result, table)
    assert {item.key: item.value for item in tensor.external_data} == {
        "location": "weights.bin",
        "offset": "16",
        "length": str(table.nbytes),
    }


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int64, np.int8, np.uint8])
def test_external_tensor_has_the_arrays_type(dtype: type[np.generic]) -> None:
    tensor = external("table", np.zeros((2, 3), dtype), "weights.bin", (0, 6))
    assert helper.tensor_dtype_to_np_dtype(tensor.data_type) == np.dtype(dtype)
    assert list(tensor.dims) == [2, 3]


def test_append_to_puts_nodes_behind_a_model_and_replaces_its_outputs() -> None:
    first = GraphWriter("first")
    floats = first.node("Cast", [first.input("values", ["rows", 4])], "floats", to=1)
    first.output(floats, "states", ["rows", 4])
    model = first.model("unused", {}, {})
    second = GraphWriter("second")
    second.output(second.node("Mul", ["states", second.scalar(2.0)], "doubled"), "result", ["rows", 4])
    second.append_to(model)
    onnx.checker.check_model(model)
    assert [value.name for value in model.graph.output] == ["result"]
    evaluator = pytest.importorskip("onnx.reference").ReferenceEvaluator(model)
    np.testing.assert_array_equal(evaluator.run(None, {"values": VALUES})[0], VALUES * 2)
