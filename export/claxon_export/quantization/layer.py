"""One observed linear layer -> its quantised form: the best smoothing, the best cut, weights rounded by calibration."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from claxon_export.graph import Array
from claxon_export.quantization.inputs import PerToken, Static, smoothing, static
from claxon_export.quantization.observation import Observed
from claxon_export.quantization.rounding import Rounded, round_by_calibration, round_to_nearest

EXPONENTS = (0.5, 0.6, 0.7, 0.8, 0.9)
CUTS = (0.0, 1e-5, 1e-4)
# Tokens that a choice is judged on; the rounding uses all.
JUDGED_TOKENS = 384


@dataclass(frozen=True, slots=True)
class QuantizedLayer:
    """A linear layer in int8.

    Attributes:
        input: How its input becomes U8.
        weight: S8, with the smoothing in it.
        bias: float32, with the quantisation's mean error taken out. Shape: ``(out,)``.
    """

    input: Static | PerToken
    weight: Rounded
    bias: Array


def quantize_per_token(observed: Observed) -> QuantizedLayer:
    """A layer after an activation, whose inputs have a known minimum: one scale a token."""
    rounded = round_by_calibration(observed.weight, observed.curvature)
    return _corrected(observed, PerToken(), rounded, observed.inputs.astype(np.float32))


def quantize_static(observed: Observed, *, folded: Array | None = None) -> QuantizedLayer:
    """A layer with one scale for all tokens.

    Args:
        observed: The layer.
        folded: The smoothing that the layer before applies already; otherwise the best is found.
    """
    inputs = observed.inputs.astype(np.float32)
    factors = best_smoothing(observed) if folded is None else folded
    smoothed, weight = inputs / factors, observed.weight * factors[:, None]
    judged, nearest = _spread(smoothed), round_to_nearest(weight)
    wanted = judged @ weight
    chosen = min((static(smoothed, cut) for cut in CUTS), key=lambda choice: _error(choice, judged, wanted, nearest))
    rounded = round_by_calibration(weight, observed.curvature / np.outer(factors, factors))
    return _corrected(observed, replace(chosen, smoothing=factors, is_folded=folded is not None), rounded, smoothed)


def best_smoothing(observed: Observed) -> Array:
    """The smoothing, of several exponents, that changes the layer's output least. Shape: ``(in,)``."""
    inputs = observed.inputs.astype(np.float32)
    wanted, errors = _spread(inputs) @ observed.weight, {}
    for exponent in EXPONENTS:
        factors = smoothing(inputs, observed.weight, exponent)
        smoothed, weight = inputs / factors, observed.weight * factors[:, None]
        errors[exponent] = _error(static(smoothed, 0.0), _spread(smoothed), wanted, round_to_nearest(weight))
    return smoothing(inputs, observed.weight, min(errors, key=errors.__getitem__))


def _corrected(observed: Observed, chosen: Static | PerToken, rounded: Rounded, inputs: Array) -> QuantizedLayer:
    """The layer with the mean error of its output taken out of the bias; ``inputs`` are smoothed already."""
    wanted = observed.inputs.mean(axis=0, dtype=np.float32) @ observed.weight
    found = chosen.restored(inputs).mean(axis=0) @ rounded.restored()
    return QuantizedLayer(chosen, rounded, np.asarray(observed.bias + (wanted - found), np.float32))


def _error(chosen: Static, inputs: Array, wanted: Array, rounded: Rounded) -> float:
    """Mean squared error of the output."""
    return float(np.square(wanted - chosen.restored(inputs) @ rounded.restored()).mean())


def _spread(inputs: Array) -> Array:
    """Some of the tokens, from all over."""
    return inputs[:: max(1, len(inputs) // JUDGED_TOKENS)]
