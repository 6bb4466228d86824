"""Small ONNX graphs that stand in for an encoder or a head."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

Array = np.ndarray[Any, Any]

OPSET = 18
IR_VERSION = 10


def linear(weight: Array, *, inputs: str = "features", outputs: str = "scores", external: bool = False) -> bytes:
    """``features @ weight -> scores``; the weight inside, or by name alone as a session is given it."""
    initializer = (
        TensorProto(name="weight", data_type=TensorProto.FLOAT, dims=weight.shape, data_location=TensorProto.EXTERNAL)
        if external
        else numpy_helper.from_array(weight.astype(np.float32), "weight")
    )
    graph = helper.make_graph(
        [helper.make_node("MatMul", [inputs, "weight"], [outputs])],
        "linear",
        [helper.make_tensor_value_info(inputs, TensorProto.FLOAT, ["batch", weight.shape[0]])],
        [helper.make_tensor_value_info(outputs, TensorProto.FLOAT, ["batch", weight.shape[1]])],
        [initializer],
    )
    return _bytes(graph)


def encoder(features: dict[str, int], *, inputs: tuple[str, ...] = ("input_ids", "attention_mask")) -> bytes:
    """Every feature is the sum of all inputs over a text's tokens, repeated to the feature's width.

    Padding is not left out: what is said of the inputs' values can be seen in the sum.
    """
    axis, nodes, outputs = numpy_helper.from_array(np.array([1], np.int64), "axis"), [], []
    nodes.append(helper.make_node("Sum", [f"{name}_f" for name in inputs], ["all"]))
    nodes = [helper.make_node("Cast", [name], [f"{name}_f"], to=TensorProto.FLOAT) for name in inputs] + nodes
    nodes.append(helper.make_node("ReduceSum", ["all", "axis"], ["total"], keepdims=1))
    initializers = [axis]
    for name, width in features.items():
        initializers.append(numpy_helper.from_array(np.array([1, width], np.int64), f"{name}_shape"))
        nodes.append(helper.make_node("Expand", ["total", f"{name}_shape"], [name]))
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", width]))
    values = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"]) for name in inputs]
    return _bytes(helper.make_graph(nodes, "encoder", values, outputs, initializers))


def _bytes(graph: Any) -> bytes:
    opsets = [helper.make_opsetid("", OPSET)]
    content: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION).SerializeToString()
    return content
