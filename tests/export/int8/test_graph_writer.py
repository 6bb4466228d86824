"""The layers that the int8 writer writes, each against numpy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from claxon_export.graphs.writer import Array, Dense, Norm
from claxon_export.int8.graph_writer import Int8Writer
from claxon_export.int8.inputs import BOTH_SIGNS
from claxon_export.int8.layer import (
    QuantizedLayer,
    best_smoothing,
    quantize_after_activation,
    quantize_after_attention,
    quantize_static,
)
from claxon_export.int8.observation import Observed
from tests.encoder_graphs import run_writer
from tests.linear_layers import dense, observed

pytestmark = pytest.mark.processor

NAME = "layer.0.dense"
TOLERANCE = 2e-4


class FloatWriter(Int8Writer):
    """Takes float inputs, which an encoder's graph has not."""

    def floats(self, name: str, width: int) -> str:
        self._inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["tokens", width]))
        return name


def norm(name: str = "norm", width: int = 24) -> Norm:
    """With weights that differ by far, as those of MPNet."""
    rng = np.random.default_rng(1)
    weight = np.exp(rng.standard_normal(width)).astype(np.float32)
    bias = np.where(np.arange(width) == 7, 30, rng.standard_normal(width)).astype(np.float32)
    return Norm(name, weight, bias, 1e-5)


def normalised(inputs: Array, chosen: Norm) -> Array:
    centred = inputs - inputs.mean(axis=1, keepdims=True)
    deviation = np.sqrt(np.square(centred).mean(axis=1, keepdims=True) + chosen.epsilon)
    return np.asarray(centred / deviation * chosen.weight + chosen.bias)


INPUTS = np.random.default_rng(2).standard_normal((400, 24)).astype(np.float32)


def after_a_norm(n_out: int = 16) -> Observed:
    """A layer that sees the norm's output."""
    layer = dense(n_out=n_out)
    return observed(normalised(INPUTS, norm()), layer.weight, layer.bias)


def run(layer: QuantizedLayer, inputs: Array, n_out: int, *, is_normalised: bool = False) -> Array:
    writer = FloatWriter("test", {NAME: layer})
    value = writer.floats("x", inputs.shape[1])
    if is_normalised:
        value = writer.layer_norm(value, norm())
    writer.output(writer.linear(value, np.empty(0), np.empty(0), NAME), "y", ["tokens", n_out])
    return run_writer(writer, {"x": inputs})["y"]


def expected(layer: QuantizedLayer, inputs: Array) -> Array:
    smoothed = inputs if layer.smoothing is None else layer.smoothing.smoothed(inputs)
    return np.asarray(layer.input.restored(smoothed) @ layer.weight.restored() + layer.bias)


def assert_nearly_all_equal(found: Array, wanted: Array) -> None:
    """But for inputs so near the middle of two steps that float32 takes them to the other one."""
    close = np.isclose(found, wanted, rtol=0, atol=TOLERANCE * np.abs(wanted).max())
    assert close.all(axis=1).mean() > 0.98
    np.testing.assert_allclose(found, wanted, atol=0.02 * np.abs(wanted).max())


def test_a_static_layer_is_what_its_numbers_say() -> None:
    seen = after_a_norm()
    layer = quantize_static(seen, best_smoothing(seen))
    assert_nearly_all_equal(run(layer, INPUTS, 16, is_normalised=True), expected(layer, normalised(INPUTS, norm())))


def test_what_no_norm_gives_is_shifted_and_divided() -> None:
    seen = after_a_norm()
    layer, inputs = quantize_static(seen, best_smoothing(seen)), normalised(INPUTS, norm())
    assert_nearly_all_equal(run(layer, inputs, 16), expected(layer, inputs))


@pytest.mark.parametrize("tokens", [1, 7, 400])
def test_a_layer_after_attention_is_what_its_numbers_say(tokens: int) -> None:
    layer_seen = dense()
    smoothing = best_smoothing(layer_seen, BOTH_SIGNS)
    layer = quantize_after_attention(layer_seen, smoothing)
    inputs = smoothing.smoothed(layer_seen.inputs[:tokens])
    wanted = expected(layer, inputs)
    np.testing.assert_allclose(run(layer, inputs, 16), wanted, atol=TOLERANCE * np.abs(wanted).max())


def test_a_token_of_zeros_stays_zero() -> None:
    layer_seen = dense()
    layer = quantize_after_attention(layer_seen, best_smoothing(layer_seen, BOTH_SIGNS))
    zeros = np.zeros((3, 24), np.float32)
    np.testing.assert_allclose(run(layer, zeros, 16), np.tile(layer.bias, (3, 1)), atol=1e-6)


@pytest.mark.parametrize("tokens", [1, 7, 400])
def test_a_layer_with_a_scale_a_token_is_what_its_numbers_say(tokens: int) -> None:
    layer_seen = dense()
    positive = observed(np.abs(layer_seen.inputs), layer_seen.weight, layer_seen.bias)
    layer = quantize_after_activation(positive)
    inputs = positive.inputs[:tokens].astype(np.float32)
    wanted = expected(layer, inputs)
    np.testing.assert_allclose(run(layer, inputs, 16), wanted, atol=TOLERANCE * np.abs(wanted).max())


def test_projections_are_the_three_parts_of_one_product() -> None:
    seen = after_a_norm(n_out=48)
    layer = quantize_static(seen, best_smoothing(seen))
    writer = FloatWriter("test", {f"{NAME}.qkv": layer})
    parts = writer.projections(writer.layer_norm(writer.floats("x", 24), norm()), np.empty(0), np.empty(0), NAME)
    for name, part in zip("qkv", parts, strict=True):
        writer.output(part, name, ["tokens", 16])
    found: Mapping[str, Array] = run_writer(writer, {"x": INPUTS})
    together = np.concatenate([found[name] for name in "qkv"], axis=1)
    assert_nearly_all_equal(together, expected(layer, normalised(INPUTS, norm())))


@pytest.mark.parametrize("is_read", [False, True])
def test_a_bias_that_is_in_no_product_comes_with_what_goes_past_it(is_read: bool) -> None:
    """Once, whether the norm brings it or, because something else reads the norm, an Add."""
    layer_seen, second = dense(n_out=24), norm("second")
    layer = quantize_after_activation(observed(np.abs(layer_seen.inputs), layer_seen.weight, layer_seen.bias))
    inputs = np.abs(layer_seen.inputs[:50]).astype(np.float32)
    writer = FloatWriter("test", {NAME: layer})
    skipped = writer.layer_norm(writer.floats("skipped", 24), norm())
    if is_read:
        writer.output(skipped, "read", ["tokens", 24])
    dense_layer = Dense(NAME, np.empty(0), np.empty(0))
    writer.output(writer.residual(writer.floats("x", 24), dense_layer, skipped, second), "y", ["tokens", 24])
    found = run_writer(writer, {"x": inputs, "skipped": INPUTS[:50]})
    past = normalised(INPUTS[:50], norm())
    wanted = normalised(past + expected(layer, inputs), second)
    np.testing.assert_allclose(found["y"], wanted, atol=TOLERANCE * np.abs(wanted).max())
    if is_read:
        np.testing.assert_allclose(found["read"], past, atol=TOLERANCE * np.abs(past).max())
    assert len([node for node in writer._nodes if node.op_type == "Add"]) == 1 + is_read


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
