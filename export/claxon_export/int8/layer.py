"""One observed linear layer -> its quantised form: the best smoothing, the best cut, weights rounded by calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from claxon_export.graphs.writer import Array
from claxon_export.int8.inputs import (
    AFTER_ACTIVATION,
    BOTH_SIGNS,
    PerToken,
    Smoothing,
    Static,
    middles,
    smoothing_factors,
    static,
)
from claxon_export.int8.observation import Observed
from claxon_export.int8.rounding import Rounded, round_by_calibration, round_to_nearest

EXPONENTS = (0.5, 0.6, 0.7, 0.8, 0.9)
CUTS = (0.0, 1e-5, 1e-4)
# Tokens that a choice is judged on; the rounding uses all.
JUDGED_TOKENS = 384


@dataclass(frozen=True, slots=True)
class QuantizedLayer:
    """A linear layer in int8.

    Attributes:
        input: How its input becomes U8.
        weight: S8, with the smoothing's factors in it.
        bias: float32, with the smoothing's shift in it and the quantisation's mean error taken out. Shape: ``(out,)``.
        smoothing: What its input goes through before, where the layer before does not give it so.
    """

    input: Static | PerToken
    weight: Rounded
    bias: Array
    smoothing: Smoothing | None = None


def quantize_after_activation(observed: Observed) -> QuantizedLayer:
    """A layer after an activation, whose inputs have a known minimum: one scale a token."""
    inputs = observed.inputs.astype(np.float32)
    rounded = round_by_calibration(observed.weight, observed.curvature)
    return QuantizedLayer(AFTER_ACTIVATION, rounded, _bias(observed, AFTER_ACTIVATION, rounded, inputs))


def quantize_after_attention(observed: Observed, smoothing: Smoothing) -> QuantizedLayer:
    """The layer after attention, whose inputs the value projection gives smoothed already: one scale a token.

    Attention averages values. Where tokens differ, their average is small; where a text repeats itself, it is as large
    as a single value, two to five times what ordinary texts show. No scale serves both.
    """
    inputs, weight, curvature = _smoothed(observed, smoothing)
    rounded = round_by_calibration(weight, curvature)
    return QuantizedLayer(BOTH_SIGNS, rounded, _bias(observed, BOTH_SIGNS, rounded, inputs))


def quantize_static(observed: Observed, smoothing: Smoothing) -> QuantizedLayer:
    """A layer with one scale for all tokens."""
    inputs, weight, curvature = _smoothed(observed, smoothing)
    sample, nearest = _spread(inputs), round_to_nearest(weight)
    expected = sample @ weight
    chosen = min((static(inputs, cut) for cut in CUTS), key=lambda choice: _error(choice, sample, expected, nearest))
    rounded = round_by_calibration(weight, curvature)
    return QuantizedLayer(chosen, rounded, _bias(observed, chosen, rounded, inputs), smoothing)


def best_smoothing(observed: Observed, scales: PerToken | None = None, *, is_shifted: bool = True) -> Smoothing:
    """The smoothing, of several exponents, that changes the layer's output least.

    Args:
        observed: The layer.
        scales: How its inputs are quantized then; ``None``: with one scale for all tokens.
        is_shifted: Whether what comes before can shift them, too.
    """
    inputs = observed.inputs.astype(np.float32)
    shift = middles(inputs) if is_shifted else np.zeros(inputs.shape[1], np.float32)
    inputs -= shift
    expected, errors = _spread(inputs) @ observed.weight, {}
    for exponent in EXPONENTS:
        divisor = smoothing_factors(inputs, observed.weight, exponent)
        smoothed, weight = inputs / divisor, observed.weight * divisor[:, None]
        chosen = static(smoothed, 0.0) if scales is None else scales
        errors[exponent] = _error(chosen, _spread(smoothed), expected, round_to_nearest(weight))
    return Smoothing(shift, smoothing_factors(inputs, observed.weight, min(errors, key=errors.__getitem__)))


def _smoothed(observed: Observed, smoothing: Smoothing) -> tuple[Array, Array, Array]:
    """Inputs, weight and curvature of the layer behind the smoothing."""
    factors = smoothing.factors
    weight = observed.weight * factors[:, None]
    return smoothing.smoothed(observed.inputs), weight, observed.curvature / np.outer(factors, factors)


def _bias(observed: Observed, chosen: Static | PerToken, rounded: Rounded, inputs: Array) -> Array:
    """The bias with which the layer's mean output is what it was; ``inputs`` are smoothed already."""
    expected = observed.inputs.mean(axis=0, dtype=np.float32) @ observed.weight
    actual = chosen.restored(inputs).mean(axis=0) @ rounded.restored()
    return np.asarray(observed.bias + (expected - actual), np.float32)


def _error(chosen: Static | PerToken, inputs: Array, expected: Array, rounded: Rounded) -> float:
    """Mean squared error of the output."""
    return float(np.square(expected - chosen.restored(inputs) @ rounded.restored()).mean())


def _spread(inputs: Array) -> Array:
    """Some of the tokens, from all over."""
    return inputs[:: max(1, len(inputs) // JUDGED_TOKENS)]
