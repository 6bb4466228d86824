"""One layer: what is chosen for it, and what that keeps."""

from __future__ import annotations

import numpy as np
import pytest

from claxon_export.int8.inputs import AFTER_ACTIVATION, BOTH_SIGNS, Static
from claxon_export.int8.layer import (
    QuantizedLayer,
    best_smoothing,
    quantize_after_activation,
    quantize_after_attention,
    quantize_static,
)
from claxon_export.int8.observation import Observed
from tests.linear_layers import dense, observed


def outputs(layer: QuantizedLayer, inputs: np.ndarray) -> np.ndarray:
    return np.asarray(layer.input.restored(inputs) @ layer.weight.restored() + layer.bias)


def wanted(observed: Observed) -> np.ndarray:
    return np.asarray(observed.inputs.astype(np.float32) @ observed.weight + observed.bias)


def relative_error(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.sqrt(np.square(found - expected).mean() / np.square(expected).mean()))


def test_a_smoothed_layer_gives_what_it_gave_in_float32() -> None:
    observed = dense()
    smoothing = best_smoothing(observed)
    layer = quantize_static(observed, smoothing)
    assert isinstance(layer.input, Static)
    assert layer.smoothing is smoothing
    assert relative_error(outputs(layer, smoothing.smoothed(observed.inputs)), wanted(observed)) < 0.01


def test_a_layer_after_attention_has_no_smoothing_of_its_own() -> None:
    observed = dense()
    smoothing = best_smoothing(observed, BOTH_SIGNS)
    layer = quantize_after_attention(observed, smoothing)
    assert (layer.input, layer.smoothing) == (BOTH_SIGNS, None)
    assert relative_error(outputs(layer, smoothing.smoothed(observed.inputs)), wanted(observed)) < 0.01


@pytest.mark.parametrize("times", [3, 10])
def test_values_larger_than_all_that_calibrated_are_not_cut_off_after_attention(times: int) -> None:
    """As in texts that repeat themselves, whose tokens attention does not average down."""
    layer_seen = dense()
    smoothing = best_smoothing(layer_seen, BOTH_SIGNS)
    layer = quantize_after_attention(layer_seen, smoothing)
    inputs = smoothing.smoothed(layer_seen.inputs) * times
    expected = inputs @ (layer_seen.weight * smoothing.factors[:, None])
    assert relative_error(outputs(layer, inputs) - layer.bias, expected) < 0.01


def test_channels_that_are_always_far_from_zero_cost_nothing() -> None:
    """Only because they are shifted: without, the error is some twenty times as large."""
    near = dense()
    far = observed(near.inputs.astype(np.float32) + np.where(np.arange(24) == 5, 400, 0), near.weight, near.bias)
    error = {}
    for name, seen in (("near", near), ("far", far)):
        smoothing = best_smoothing(seen)
        found = outputs(quantize_static(seen, smoothing), smoothing.smoothed(seen.inputs))
        error[name] = np.abs(found - wanted(seen)).mean()
    assert error["far"] < 3 * error["near"]


def test_a_layer_after_an_activation_has_a_scale_a_token() -> None:
    layer_seen = dense()
    positive = observed(np.abs(layer_seen.inputs), layer_seen.weight, layer_seen.bias)
    layer = quantize_after_activation(positive)
    assert layer.input == AFTER_ACTIVATION
    assert relative_error(outputs(layer, positive.inputs.astype(np.float32)), wanted(positive)) < 0.02


def test_the_mean_of_the_output_is_kept() -> None:
    observed = dense()
    smoothing = best_smoothing(observed)
    found = outputs(quantize_static(observed, smoothing), smoothing.smoothed(observed.inputs))
    np.testing.assert_allclose(found.mean(axis=0), wanted(observed).mean(axis=0), rtol=1e-3, atol=1e-3)
