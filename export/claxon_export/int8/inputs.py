"""How a linear layer's input becomes U8: shifted, smoothed, with one scale for all tokens; or with a scale a token."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from claxon_export.graphs.writer import Array

LEVELS = 255
# The activations (GELU, ReLU) end below at -0.17, so few of the 256 levels are needed under zero, and always the same.
ACTIVATION_MINIMUM = 0.17
TOKEN_ZERO_POINT = 16
# The scale of a token that is all zeros; it only has to be a number that one can divide by.
TINY_SCALE = 1e-8
# Share of a channel's values, at each end, that does not say where its middle is.
TAIL = 0.001
# A channel lies far out whose largest value is so many times that of the usual channel.
FAR_OUT = 2.0


@dataclass(frozen=True, slots=True)
class Smoothing:
    """``(x - shift) / factors``: channels as they are before they share a scale.

    Attributes:
        shift: float32, the middle of each channel. Shape: ``(in,)``.
        factors: float32. Shape: ``(in,)``.
    """

    shift: Array
    factors: Array

    def smoothed(self, inputs: Array) -> Array:
        """Shape: ``(tokens, in)``."""
        return np.asarray((inputs - self.shift) / self.factors, np.float32)


@dataclass(frozen=True, slots=True)
class Static:
    """``round(smoothed / scale) + zero_point`` for every token; what lies outside is cut."""

    scale: float
    zero_point: int

    def restored(self, inputs: Array) -> Array:
        """Smoothed inputs as they are after quantising. Shape: ``(tokens, in)``."""
        steps = np.clip(np.rint(inputs / self.scale) + self.zero_point, 0, LEVELS)
        return np.asarray((steps - self.zero_point) * np.float32(self.scale), np.float32)


@dataclass(frozen=True, slots=True)
class PerToken:
    """``round(x / scale) + zero_point`` with the scale that a token's own values need.

    Attributes:
        zero_point: The level of zero.
        minimum: Minus the smallest value there can be, where that is known: then only a token's largest value is looked
            for. ``None``: values of both signs, and the largest magnitude is looked for.
    """

    zero_point: int
    minimum: float | None

    @property
    def levels_above(self) -> int:
        """Levels above the zero point."""
        return LEVELS - self.zero_point

    @property
    def least_scale(self) -> float:
        """The smallest scale: with a known minimum, the one with which it still fits under the zero point."""
        return TINY_SCALE if self.minimum is None else self.minimum / self.zero_point

    def restored(self, inputs: Array) -> Array:
        """Inputs after quantization and back. Shape: ``(tokens, in)``."""
        largest = (np.abs(inputs) if self.minimum is None else inputs).max(axis=1, keepdims=True)
        scale = np.maximum(largest / self.levels_above, np.float32(self.least_scale))
        steps = np.clip(np.rint(inputs / scale) + self.zero_point, 0, LEVELS)
        return np.asarray((steps - self.zero_point) * scale, np.float32)


AFTER_ACTIVATION = PerToken(TOKEN_ZERO_POINT, ACTIVATION_MINIMUM)
BOTH_SIGNS = PerToken(LEVELS // 2 + 1, None)


def middles(inputs: Array) -> Array:
    """Halfway between the lowest and highest thousandth of each channel that lies far out; 0 of all others.

    Channels that are always far from zero, of which MPNet has some, then take no more of the scale than the others.
    Outlier Suppression+, Wei et al. 2023, https://arxiv.org/abs/2304.09145, equation 3. All channels are shifted
    there; the usual ones would gain little, and have less room left for texts unlike those that calibrate.

    Args:
        inputs: Shape: ``(tokens, in)``.

    Returns:
        float32. Shape: ``(in,)``.
    """
    largest = np.abs(inputs).max(axis=0)
    middle = np.quantile(inputs, [TAIL, 1 - TAIL], axis=0).mean(axis=0)
    return np.where(largest > FAR_OUT * np.median(largest), middle, 0).astype(np.float32)


def smoothing_factors(inputs: Array, weight: Array, exponent: float) -> Array:
    """By how much each channel is divided before it is quantised: ``max|x|^a / max|w|^(1 - a)``, mean 1.

    SmoothQuant, Xiao et al. 2023, https://arxiv.org/abs/2211.10438, equation 4.

    Args:
        inputs: Shifted already. Shape: ``(tokens, in)``.
        weight: Shape: ``(in, out)``.
        exponent: 0 leaves the work to the inputs' scale, 1 to the weights' scales.
    """
    activity = np.maximum(np.abs(inputs).max(axis=0), 1e-5) ** exponent
    weights = np.maximum(np.abs(weight).max(axis=1), 1e-5) ** (1 - exponent)
    logarithm = np.log(activity / weights)
    return np.asarray(np.exp(logarithm - logarithm.mean()), np.float32)


def static(inputs: Array, cut: float) -> Static:
    """One scale and zero point for all inputs.

    Args:
        inputs: Smoothed already. Shape: ``(tokens, in)``.
        cut: Share of the values that may lie outside, at each end.
    """
    low, high = (inputs.min(), inputs.max()) if cut == 0 else np.quantile(inputs, [cut, 1 - cut])
    low, high = min(float(low), 0.0), max(float(high), 0.0)
    scale = max((high - low) / LEVELS, 1e-8)
    return Static(float(np.float32(scale)), int(np.clip(round(-low / scale), 0, LEVELS)))
