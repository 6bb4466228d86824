"""All observed linear layers of an encoder -> their quantised forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from claxon_export.int8.inputs import BOTH_SIGNS, Smoothing
from claxon_export.int8.layer import (
    QuantizedLayer,
    best_smoothing,
    quantize_after_activation,
    quantize_after_attention,
    quantize_static,
)
from claxon_export.int8.observation import Observed

QKV = "attention.qkv"
ATTENTION_OUTPUT = "attention.output"
FFN_OUTPUT = "ffn.output"
# A gated feed-forward: the second half of its first layer is multiplied with the activated first half.
FFN_INTERMEDIATE = "ffn.intermediate"
GATED_OUTPUT = "ffn.gated_output"


def quantize_layers(
    observed: Mapping[str, Observed], on_layer: Callable[[], object] = lambda: None
) -> dict[str, QuantizedLayer]:
    """The quantised form of every layer, by name.

    Args:
        observed: By the names that the architectures give: ``layer.0.attention.qkv`` …
        on_layer: Called after each, to show progress.
    """
    outputs = {
        name: best_smoothing(layer, BOTH_SIGNS, is_shifted=name.endswith(ATTENTION_OUTPUT))
        for name, layer in observed.items()
        if name.endswith((ATTENTION_OUTPUT, GATED_OUTPUT))
    }
    layers = {}
    for name, layer in observed.items():
        layers[name] = _quantized(name, layer, outputs)
        on_layer()
    return layers


def _quantized(name: str, layer: Observed, outputs: Mapping[str, Smoothing]) -> QuantizedLayer:
    if name.endswith(FFN_OUTPUT):
        return quantize_after_activation(layer)
    if name in outputs:
        return quantize_after_attention(layer, outputs[name])
    for giver, taker in ((QKV, ATTENTION_OUTPUT), (FFN_INTERMEDIATE, GATED_OUTPUT)):
        smoothing = outputs.get(name.removesuffix(giver) + taker)
        if name.endswith(giver) and smoothing is not None:
            layer = _with_smoothed_end(layer, smoothing)
    return quantize_static(layer, best_smoothing(layer))


def _with_smoothed_end(qkv: Observed, smoothing: Smoothing) -> Observed:
    """A layer whose last columns, value or gate, are as a later layer wants its input: shifted and divided.

    Attention averages values and leaves their columns apart, so this costs nothing and changes nothing else. A gate is
    multiplied with what it gates, so it is divided and not shifted.
    """
    divisor, shift = np.ones(qkv.weight.shape[1], np.float32), np.zeros(qkv.weight.shape[1], np.float32)
    divisor[-len(smoothing.factors) :] = smoothing.factors
    shift[-len(smoothing.shift) :] = smoothing.shift
    return replace(qkv, weight=qkv.weight / divisor, bias=(qkv.bias - shift) / divisor)
