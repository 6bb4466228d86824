"""A weight matrix -> int8 with one scale a column: to the nearest, or so that the layer's output changes least."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import spotrf, strtri

from claxon_export.errors import CalibrationError
from claxon_export.graphs.writer import Array

LIMIT = 127
# x86 without VNNI adds the products of input channels 2i and 2i + 1 in 16 bits, where 255 x 128 still fits. Two such
# weights of one sign do not exceed this in sum, so every processor computes the same exact product, at full speed.
# Weights in [-63, 63] would do as well, at four times the squared error of weights in [-127, 127]; this has 1.0 to 1.7
# times that (MiniLM's third layer).
PAIR_LIMIT = 128
# What a column's largest weight may become, in steps: fewer keep more pairs as they are, more cut the largest off.
RANGES = (140, 127, 118, 110, 102, 95, 88, 82, 76, 70, 64)
# Share of the mean curvature that is added to all: keeps the Cholesky factor finite where channels are nearly idle.
DAMPING = 0.01
ROWS_AT_ONCE = 8
# Numbers of a block of columns that are rounded together.
BLOCK = 65_536


@dataclass(frozen=True, slots=True)
class Rounded:
    """A quantised matrix: ``values * scale``.

    Attributes:
        values: int8, in [-127, 127]. Shape: ``(in, out)``.
        scale: float32, of each column. Shape: ``(out,)``.
    """

    values: Array
    scale: Array

    def restored(self) -> Array:
        """What it stands for, float32. Shape: ``(in, out)``."""
        return np.asarray(self.values * self.scale, np.float32)


def pair_sums(values: Array) -> Array:
    """Largest sum, by magnitude, that input channels 2i and 2i + 1 reach with inputs of one sign.

    Args:
        values: int8. Shape: ``(in, out)``.

    Returns:
        int64. Shape: ``(ceil(in / 2), out)``.
    """
    wide = np.pad(values.astype(np.int64), ((0, len(values) % 2), (0, 0)))
    first, second = wide[::2], wide[1::2]
    positive = np.maximum(first, 0) + np.maximum(second, 0)
    return np.asarray(np.maximum(positive, np.maximum(-first, 0) + np.maximum(-second, 0)))


def round_to_nearest(weight: Array) -> Rounded:
    """Every weight to the nearest step, whatever its neighbour is: what other roundings are compared with."""
    scale = _column_scale(weight, LIMIT)
    return Rounded(_steps(weight / scale).astype(np.int8), scale)


def round_in_pairs(weight: Array, importance: Array) -> Rounded:
    """Every weight to the nearest step that its neighbour leaves it, each column at the best of several scales.

    Args:
        weight: Shape: ``(in, out)``.
        importance: What a squared error of each channel costs. Shape: ``(in,)``.
    """
    scales = np.stack([_column_scale(weight, steps) for steps in RANGES])
    costs = np.concatenate([_costs(weight[:, c], importance, scales[:, c]) for c in _blocks(weight)], axis=1)
    scale = scales[np.argmin(costs, axis=0), np.arange(weight.shape[1])]
    return Rounded(_nearest_in_pairs(weight / scale).astype(np.int8), scale)


def round_by_calibration(weight: Array, curvature: Array) -> Rounded:
    """Weights one input channel after the other, each rounding's error taken up by the channels that follow.

    GPTQ, Frantar et al. 2022, https://arxiv.org/abs/2210.17323: minimises ``|inputs @ (weight - rounded)|`` greedily,
    the most active channels first. No two neighbours exceed ``PAIR_LIMIT``; what that cuts off is taken up as well.

    Args:
        weight: Shape: ``(in, out)``.
        curvature: ``inputs.T @ inputs`` of what the layer sees. Shape: ``(in, in)``.

    Raises:
        CalibrationError: the curvature is not finite.
    """
    diagonal = np.diagonal(curvature)
    order = np.argsort(-diagonal, kind="stable")
    ordered = curvature[np.ix_(order, order)]
    np.einsum("ii->i", ordered)[:] += DAMPING * diagonal.mean() + 1e-12
    factor, alone = _inverse_factor(ordered)
    importance = np.empty_like(alone)
    importance[order] = alone
    scale = round_in_pairs(weight, importance).scale
    pairs = _Pairs(order, diagonal)
    remaining, values = (weight[order] / scale).astype(np.float32), np.zeros(weight.shape, np.float32)
    errors = np.empty_like(remaining)

    def round_rows(start: int, end: int) -> None:
        """Halves, so that almost all of the work is products of matrices."""
        if end - start <= ROWS_AT_ONCE:
            for i in range(start, end):
                steps = pairs.steps(i, remaining, values)
                values[order[i]] = steps
                errors[i] = (remaining[i] - steps) / factor[i, i]
                remaining[i + 1 : end] -= np.outer(factor[i, i + 1 : end], errors[i])
            return
        middle = (start + end) // 2
        round_rows(start, middle)
        remaining[middle:end] -= factor[start:middle, middle:end].T @ errors[start:middle]
        round_rows(middle, end)

    round_rows(0, len(weight))
    return Rounded(values.astype(np.int8), scale)


def _blocks(weight: Array) -> list[slice]:
    """Columns in blocks that a core's cache holds: passes over them are then twice as fast."""
    width = max(1, BLOCK // len(weight))
    return [slice(start, start + width) for start in range(0, weight.shape[1], width)]


def _costs(weight: Array, importance: Array, scales: Array) -> Array:
    """What rounding costs each column at each scale. Shapes: ``(in, out)``, ``(in,)``, ``(scales, out)``."""
    weight = np.ascontiguousarray(weight)
    return np.stack([importance @ np.square(weight - _nearest_in_pairs(weight / s) * s) for s in scales])


class _Pairs:
    """Rounds a channel within what its neighbour leaves it."""

    def __init__(self, order: Array, activity: Array) -> None:
        """Pair the channels.

        Args:
            order: The channels in the order in which they are rounded. Shape: ``(in,)``.
            activity: The mean square of each, up to a factor. Shape: ``(in,)``.
        """
        self._order, self._activity = order, activity
        self._position = np.empty_like(order)
        self._position[order] = np.arange(len(order))

    def steps(self, position: int, remaining: Array, values: Array) -> Array:
        """The rounded row at a position.

        Args:
            position: In the order of rounding.
            remaining: Rows in the order of rounding, in steps, those from ``position`` on still to be rounded.
            values: The rows that are rounded already, by channel.
        """
        row, channel = remaining[position], int(self._order[position])
        neighbour = channel ^ 1
        if neighbour >= len(self._order):
            return _steps(row)
        if self._position[neighbour] < position:
            other = values[neighbour]
            lowest = -np.minimum(PAIR_LIMIT - np.maximum(-other, 0), LIMIT)
            highest = np.minimum(PAIR_LIMIT - np.maximum(other, 0), LIMIT)
            return np.asarray(np.clip(np.rint(row), lowest, highest))
        return _steps(row - np.sign(row) * self._share(channel, row, remaining[self._position[neighbour]]))

    def _share(self, channel: int, row: Array, other: Array) -> Array:
        """What this channel gives up of the excess over the limit; the less active neighbour gives up more."""
        here, there = self._activity[channel] + 1e-9, self._activity[channel ^ 1] + 1e-9
        excess = np.where(row * other > 0, np.maximum(np.abs(row + other) - PAIR_LIMIT, 0), 0)
        return np.asarray(excess * (there / (here + there)), np.float32)


def _nearest_in_pairs(weight: Array) -> Array:
    """Steps to the nearest, each pair's excess taken from both alike. Shape: ``(in, out)``."""
    steps = _steps(weight)
    first, second = steps[: len(steps) // 2 * 2 : 2], steps[1::2]
    excess = np.where(first * second > 0, np.maximum(np.abs(first + second) - PAIR_LIMIT, 0), 0)
    half = np.floor(excess / 2)
    first -= np.sign(first) * half
    second -= np.sign(second) * (excess - half)
    return steps


def _column_scale(weight: Array, steps: int) -> Array:
    """The scale with which each column's largest weight becomes so many steps. Shape: ``(out,)``."""
    return np.asarray(np.maximum(np.abs(weight).max(axis=0), 1e-8) / steps, np.float32)


def _inverse_factor(curvature: Array) -> tuple[Array, Array]:
    """The upper Cholesky factor of the inverse, and the curvature of each channel where the others can make up for it.

    Shapes: ``(in, in)`` and ``(in,)``. The second is one over the inverse's diagonal.
    """
    # With rows and columns in the opposite order, a lower factor is an upper one, R: the curvature is R R', and its
    # inverse U'U with U = 1 / R. This takes half the work of inverting the curvature and factoring the inverse.
    lower, failure = spotrf(np.asfortranarray(curvature[::-1, ::-1]), lower=1, overwrite_a=1)
    factor, singular = strtri(np.asfortranarray(lower[::-1, ::-1]), overwrite_c=1)
    alone = 1 / np.maximum(np.einsum("ij,ij->j", factor, factor), 1e-30)
    if failure or singular or not np.isfinite(factor).all():
        raise CalibrationError(
            "int8 cannot be calibrated: a layer of the source gives numbers that are none (NaN or infinity), "
            "or inputs too large to multiply"
        )
    return np.asarray(factor), alone


def _steps(values: Array) -> Array:
    return np.clip(np.rint(values), -LIMIT, LIMIT)
