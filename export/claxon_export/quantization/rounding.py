"""A weight matrix -> int8 with one scale a column: to the nearest, or so that the layer's output changes least."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import spotrf, spotri

from claxon_export.errors import CalibrationError
from claxon_export.graph import Array

LIMIT = 127
# Share of the mean curvature that is added to all: keeps the Cholesky factor finite where channels are nearly idle.
DAMPING = 0.01
BLOCK = 128


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


def column_scale(weight: Array) -> Array:
    """The scale with which each column's largest weight becomes 127. Shape: ``(out,)``."""
    return np.asarray(np.maximum(np.abs(weight).max(axis=0), 1e-8) / LIMIT, np.float32)


def round_to_nearest(weight: Array) -> Rounded:
    """Every weight to the nearest step."""
    scale = column_scale(weight)
    return Rounded(_steps(weight / scale).astype(np.int8), scale)


def round_by_calibration(weight: Array, curvature: Array) -> Rounded:
    """Weights one input channel after the other, each rounding's error taken up by the channels that follow.

    GPTQ, Frantar et al. 2022, https://arxiv.org/abs/2210.17323: minimises ``|inputs @ (weight - rounded)|`` greedily,
    the most active channels first.

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
    factor = _inverse_factor(ordered)
    scale = column_scale(weight)
    remaining, values = weight[order].astype(np.float32), np.empty(weight.shape, np.int8)
    for start in range(0, len(weight), BLOCK):
        end = start + BLOCK
        block, errors = remaining[start:end], np.empty_like(remaining[start:end])
        for i, row in enumerate(block):
            steps = _steps(row / scale)
            values[order[start + i]] = steps
            errors[i] = (row - steps * scale) / factor[start + i, start + i]
            block[i + 1 :] -= np.outer(factor[start + i, start + i + 1 : end], errors[i])
        remaining[end:] -= factor[start:end, end:].T @ errors
    return Rounded(values, scale)


def _inverse_factor(curvature: Array) -> Array:
    """The upper Cholesky factor of the inverse. Shape: ``(in, in)``."""
    factor, _ = spotrf(curvature)
    inverse, _ = spotri(factor)  # its upper half
    factor, info = spotrf(inverse)
    if info or not np.isfinite(factor).all():
        raise CalibrationError(
            "int8 cannot be calibrated: a layer of the source gives numbers that are none (NaN or infinity), "
            "or inputs too large to multiply"
        )
    return np.asarray(factor)


def _steps(values: Array) -> Array:
    return np.clip(np.rint(values), -LIMIT, LIMIT)
