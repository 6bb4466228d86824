"""One observed linear layer -> its quantised form: the best smoothing, the best cut, weights rounded by calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from claxon_export.graphs.writer import Array
from claxon_export.int8.inputs import PerToken, Smoothing, Static, middles, smoothing_factors, static
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


def quantize_per_token(observed: Observed) -> QuantizedLayer:
    """A layer after an activation, whose inputs have a known minimum: one scale a token."""
    chosen, inputs = PerToken(), observed.inputs.astype(np.float32)
    rounded = round_by_calibration(observed.weight, observed.curvature)
    return QuantizedLayer(chosen, rounded, _bias(observed, chosen, rounded, inputs))


def quantize_static(observed: Observed, smoothing: Smoothing, *, is_folded: bool = False) -> QuantizedLayer:
    """A layer with one scale for all tokens.

    Args:
        observed: The layer.
        smoothing: What its inputs go through.
        is_folded: The layer before gives them so.
    """
    inputs = smoothing.smoothed(observed.inputs)
    weight = observed.weight * smoothing.factors[:, None]
    judged, nearest = _spread(inputs), round_to_nearest(weight)
    wanted = judged @ weight
    chosen = min((static(inputs, cut) for cut in CUTS), key=lambda choice: _error(choice, judged, wanted, nearest))
    rounded = round_by_calibration(weight, observed.curvature / np.outer(smoothing.factors, smoothing.factors))
    bias = _bias(observed, chosen, rounded, inputs)
    return QuantizedLayer(chosen, rounded, bias, None if is_folded else smoothing)


def best_smoothing(observed: Observed) -> Smoothing:
    """The smoothing, of several exponents, that changes the layer's output least."""
    inputs = observed.inputs.astype(np.float32)
    shift = middles(inputs)
    inputs -= shift
    wanted, errors = _spread(inputs) @ observed.weight, {}
    for exponent in EXPONENTS:
        divisor = smoothing_factors(inputs, observed.weight, exponent)
        smoothed, weight = inputs / divisor, observed.weight * divisor[:, None]
        errors[exponent] = _error(static(smoothed, 0.0), _spread(smoothed), wanted, round_to_nearest(weight))
    return Smoothing(shift, smoothing_factors(inputs, observed.weight, min(errors, key=errors.__getitem__)))


def _bias(observed: Observed, chosen: Static | PerToken, rounded: Rounded, inputs: Array) -> Array:
    """The bias with which the layer's mean output is what it was; ``inputs`` are smoothed already."""
    wanted = observed.inputs.mean(axis=0, dtype=np.float32) @ observed.weight
    found = chosen.restored(inputs).mean(axis=0) @ rounded.restored()
    return np.asarray(observed.bias + (wanted - found), np.float32)


def _error(chosen: Static, inputs: Array, wanted: Array, rounded: Rounded) -> float:
    """Mean squared error of the output."""
    return float(np.square(wanted - chosen.restored(inputs) @ rounded.restored()).mean())


def _spread(inputs: Array) -> Array:
    """Some of the tokens, from all over."""
    return inputs[:: max(1, len(inputs) // JUDGED_TOKENS)]
