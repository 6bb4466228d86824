"""The layers that the int8 writer writes, each against numpy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from claxon_export.graph import Array
from claxon_export.quantization.inputs import Static
from claxon_export.quantization.int8_writer import Int8Writer
from claxon_export.quantization.layer import QuantizedLayer, quantize_per_token, quantize_static
from tests.encoder_graphs import run_writer
from tests.linear_layers import dense, observed

NAME = "layer.0.dense"
TOLERANCE = 2e-4


class FloatWriter(Int8Writer):
    """Takes float inputs, which an encoder's graph has not."""

    def floats(self, name: str, width: int) -> str:
        self._inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["tokens", width]))
        return name


def run(layer: QuantizedLayer, inputs: Array, n_out: int) -> Array:
    writer = FloatWriter("test", {NAME: layer})
    value = writer.linear(writer.floats("x", inputs.shape[1]), np.empty(0), np.empty(0), NAME)
    writer.output(value, "y", ["tokens", n_out])
    return run_writer(writer, {"x": inputs})["y"]


def smoothing_of(layer: QuantizedLayer) -> Array:
    if not isinstance(layer.input, Static) or layer.input.smoothing is None:
        raise TypeError("the layer is not smoothed")
    return layer.input.smoothing


def expected(layer: QuantizedLayer, inputs: Array) -> Array:
    return np.asarray(layer.input.restored(inputs) @ layer.weight.restored() + layer.bias)


def test_a_static_layer_is_what_its_numbers_say() -> None:
    observed = dense()
    layer = quantize_static(observed)
    inputs = observed.inputs.astype(np.float32)
    wanted = expected(layer, inputs / smoothing_of(layer))
    np.testing.assert_allclose(run(layer, inputs, 16), wanted, atol=TOLERANCE * np.abs(wanted).max())


def test_a_folded_layer_divides_nothing() -> None:
    observed = dense()
    layer = quantize_static(observed, folded=np.full(24, 2, np.float32))
    inputs = observed.inputs.astype(np.float32) / 2
    wanted = expected(layer, inputs)
    np.testing.assert_allclose(run(layer, inputs, 16), wanted, atol=TOLERANCE * np.abs(wanted).max())


@pytest.mark.parametrize("tokens", [1, 7, 400])
def test_a_layer_with_a_scale_a_token_is_what_its_numbers_say(tokens: int) -> None:
    layer_seen = dense()
    positive = observed(np.abs(layer_seen.inputs), layer_seen.weight, layer_seen.bias)
    layer = quantize_per_token(positive)
    inputs = positive.inputs[:tokens].astype(np.float32)
    wanted = expected(layer, inputs)
    np.testing.assert_allclose(run(layer, inputs, 16), wanted, atol=TOLERANCE * np.abs(wanted).max())


def test_projections_are_the_three_parts_of_one_product() -> None:
    observed = dense(n_out=48)
    layer = quantize_static(observed)
    writer = FloatWriter("test", {f"{NAME}.qkv": layer})
    parts = writer.projections(writer.floats("x", 24), np.empty(0), np.empty(0), NAME)
    for name, part in zip("qkv", parts, strict=True):
        writer.output(part, name, ["tokens", 16])
    inputs = observed.inputs.astype(np.float32)
    found: Mapping[str, Array] = run_writer(writer, {"x": inputs})
    wanted = expected(layer, inputs / smoothing_of(layer))
    together = np.concatenate([found[name] for name in "qkv"], axis=1)
    np.testing.assert_allclose(together, wanted, atol=TOLERANCE * np.abs(wanted).max())


def test_what_has_no_quantised_form_stays_in_float32() -> None:
    observed = dense(n_out=48)
    writer = FloatWriter("test", {})
    value = writer.floats("x", 24)
    writer.output(writer.linear(value, observed.weight.T, observed.bias, NAME), "y", ["tokens", 48])
    for name, part in zip("qkv", writer.projections(value, observed.weight.T, observed.bias, "other"), strict=True):
        writer.output(part, name, ["tokens", 16])
    inputs = observed.inputs.astype(np.float32)
    found = run_writer(writer, {"x": inputs})
    wanted = inputs @ observed.weight + observed.bias
    together = np.concatenate([found[name] for name in "qkv"], axis=1)
    for values in (found["y"], together):
        np.testing.assert_allclose(values, wanted, atol=TOLERANCE * np.abs(wanted).max())


def test_this_onnx_runtime_has_the_operators() -> None:
    assert tuple(map(int, onnxruntime.__version__.split(".")[:2])) >= (1, 23)
