"""The layers that the fp16 writer writes, each against numpy, and the types that meet in the graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from claxon_export.checkpoint.checkpoint import open_checkpoint
from claxon_export.errors import CheckpointError
from claxon_export.fp16.graph_writer import LIMIT, Float16Writer
from claxon_export.graphs.encoder_files import write_graph
from claxon_export.graphs.writer import Activation, Array, Dense, Norm
from tests.checkpoints import LAYERS, write_checkpoint
from tests.encoder_graphs import ARCHITECTURES, run_writer

TOLERANCE = 4e-3  # four roundings of numbers of order 1
WIDTH = 16
# Inputs that CUDA's kernels read on the host, by operator.
HOST_INPUTS = {"Reshape": {1}, "Expand": {1}, "Slice": {1, 2, 3, 4}, "Unsqueeze": {1}, "Range": {0, 1, 2}}


class HalfWriter(Float16Writer):
    """Takes float16 inputs, which an encoder's graph has not."""

    def halves(self, name: str) -> str:
        self._inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT16, ["tokens", WIDTH]))
        return name

    def run(self, value: str, **inputs: Array) -> Array:
        self.output(self.widened(value), "y", ["tokens", WIDTH])
        return run_writer(self, {name: array.astype(np.float16) for name, array in inputs.items()})["y"]


@pytest.fixture
def writer() -> HalfWriter:
    return HalfWriter("test")


def numbers(seed: int, *shape: int) -> Array:
    # What float16 holds exactly, so that only the arithmetic rounds.
    return np.random.default_rng(seed).normal(size=shape).astype(np.float16).astype(np.float32)


X, SKIPPED, BIAS = numbers(0, 5, WIDTH), numbers(1, 5, WIDTH), numbers(2, WIDTH)
WEIGHT = numbers(3, WIDTH, WIDTH) / 4
DENSE = Dense("layer.0.dense", WEIGHT, BIAS)


def tanh_gelu(x: Array) -> Array:
    return np.asarray(0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))))


def erf_gelu(x: Array) -> Array:
    from scipy.special import erf

    return np.asarray(0.5 * x * (1 + erf(x / np.sqrt(2))))


@pytest.mark.parametrize(
    ("activation", "operator", "function"),
    [
        (Activation.GELU, "BiasGelu", erf_gelu),
        (Activation.GELU_TANH, "FastGelu", tanh_gelu),
        (Activation.RELU, "Relu", lambda x: np.maximum(x, 0)),
    ],
)
def test_a_layer_with_its_activation(activation: Activation, operator: str, function: Any, writer: HalfWriter) -> None:
    result = writer.run(writer.activated(writer.halves("x"), DENSE, activation, "activated"), x=X)
    np.testing.assert_allclose(result, function(X @ WEIGHT.T + BIAS), atol=TOLERANCE)
    assert operator in {
        node.op_type for node in writer.model("w", dict.fromkeys(writer.weights, (0, 0)), {}).graph.node
    }


def test_the_error_function_is_not_replaced_by_tanh(writer: HalfWriter) -> None:
    requested = X @ WEIGHT.T + BIAS
    assert np.abs(erf_gelu(requested) - tanh_gelu(requested)).max() > 1e-4
    writer.activated(writer.halves("x"), DENSE, Activation.GELU, "activated")
    assert writer._nodes[-1].op_type == "BiasGelu"


def test_a_residual_is_one_operator(writer: HalfWriter) -> None:
    norm = Norm("layer.0.norm", numbers(4, WIDTH), numbers(5, WIDTH), 1e-12)
    result = writer.run(
        writer.residual(writer.halves("x"), DENSE, writer.halves("skipped"), norm), x=X, skipped=SKIPPED
    )
    total = SKIPPED + X @ WEIGHT.T + BIAS
    centred = total - total.mean(axis=1, keepdims=True)
    requested = centred / np.sqrt(np.square(centred).mean(axis=1, keepdims=True)) * norm.weight + norm.bias
    np.testing.assert_allclose(result, requested, atol=TOLERANCE)
    assert [node.op_type for node in writer._nodes[:2]] == ["MatMul", "SkipLayerNormalization"]


@pytest.mark.parametrize("number", [LIMIT * 1.01, -70_000.0, np.inf, np.nan])
def test_a_weight_beyond_float16_is_refused(number: float, writer: HalfWriter) -> None:
    with pytest.raises(
        CheckpointError, match=r"dense\.weight contains .*, but float16 ends at 65,504; .*--precision fp32"
    ):
        writer.weight("dense.weight", np.array([1.0, number], np.float32))
    writer.weight("dense.weight", np.array([LIMIT, -LIMIT], np.float32))


@pytest.fixture(scope="module", params=ARCHITECTURES)
def graph(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> onnx.GraphProto:
    folder = tmp_path_factory.mktemp("half")
    checkpoint = open_checkpoint(write_checkpoint(folder / "source", request.param))
    write_graph(Float16Writer("half"), checkpoint, folder, "g.onnx", "g.safetensors", token_states=True)
    return onnx.load(folder / "g.onnx", load_external_data=False).graph


def test_a_layer_is_seven_products_and_fused_operators(graph: onnx.GraphProto) -> None:
    operators = [node.op_type for node in graph.node if node.name.startswith("layer.0.")]
    counts = {name: operators.count(name) for name in ("Gemm", "MatMul", "MultiHeadAttention", "BiasGelu")}
    assert counts == {"Gemm": 1, "MatMul": 3, "MultiHeadAttention": 1, "BiasGelu": 1}
    assert operators.count("SkipLayerNormalization") == 2
    assert not {"Add", "Gelu", "LayerNormalization"} & set(operators)
    # The last layer is written twice, the second time for the first token.
    assert sum(node.op_type == "MultiHeadAttention" for node in graph.node) == LAYERS + 1


def test_callers_see_no_change(graph: onnx.GraphProto) -> None:
    assert {value.type.tensor_type.elem_type for value in graph.input} == {TensorProto.INT64}
    assert {value.type.tensor_type.elem_type for value in graph.output} == {TensorProto.FLOAT}


def test_weights_are_float16_and_pooling_is_float32(graph: onnx.GraphProto) -> None:
    outside = [tensor for tensor in graph.initializer if tensor.data_location == TensorProto.EXTERNAL]
    assert {tensor.data_type for tensor in outside} == {TensorProto.FLOAT16}
    made_by = {name: node for node in graph.node for name in node.output}
    pooled = next(node for node in graph.node if node.name == "pooling.sum").input[1]
    assert made_by[pooled].op_type == "Cast"


def test_no_number_goes_from_the_host_to_the_gpu(graph: onnx.GraphProto) -> None:
    """CUDA graphs allow no copy between the two: what is computed of shapes is read as shapes, and by nothing else."""
    constants = {tensor.name for tensor in graph.initializer}
    on_host: set[str] = set()
    for node in graph.node:
        read = {i for i, name in enumerate(node.input) if name in on_host}
        if node.op_type != "Shape" and not read - HOST_INPUTS.get(node.op_type, set()):
            continue
        of_gpu = set(node.input) - constants - on_host
        assert node.op_type == "Shape" or not of_gpu, f"{node.name} reads {of_gpu} beside what the host computed"
        on_host |= set(node.output)
    assert on_host
    assert not on_host & {value.name for value in graph.output}


def test_the_mask_is_a_number_that_float16_holds(tmp_path: Path) -> None:
    from claxon_export.graphs.architectures.blocks import MASKED

    assert np.isfinite(np.float16(MASKED))
    assert np.exp(np.float32(np.float16(MASKED))) == 0
