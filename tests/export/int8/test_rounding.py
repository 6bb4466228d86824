"""Weights in int8."""

from __future__ import annotations

import numpy as np
import pytest

from claxon_export.errors import CalibrationError
from claxon_export.graphs.writer import Array
from claxon_export.int8.rounding import Rounded, round_by_calibration, round_in_pairs, round_to_nearest
from tests.linear_layers import dense


def nearest(weight: Array) -> Rounded:
    """As good as rounding without calibration gets under the limit for neighbours."""
    return round_in_pairs(weight, np.ones(len(weight), np.float32))


def test_the_nearest_step_is_half_a_step_away_at_most() -> None:
    weight = dense().weight
    rounded = round_to_nearest(weight)
    assert rounded.values.dtype == np.int8
    assert (np.abs(rounded.restored() - weight) <= rounded.scale / 2 + 1e-6).all()
    assert (np.abs(rounded.values).max(axis=0) == 127).all()


@pytest.mark.parametrize("seed", range(5))
def test_calibrated_rounding_changes_the_output_less(seed: int) -> None:
    layer = dense(seed)
    inputs = layer.inputs.astype(np.float32)
    errors = [
        np.square(inputs @ (layer.weight - rounded.restored())).mean()
        for rounded in (round_by_calibration(layer.weight, layer.curvature), nearest(layer.weight))
    ]
    assert errors[0] < 0.9 * errors[1]


def test_on_unrelated_inputs_both_roundings_agree() -> None:
    weight = dense().weight
    unrelated = np.eye(len(weight), dtype=np.float32)
    found, expected = round_by_calibration(weight, unrelated), nearest(weight)
    np.testing.assert_array_equal(found.scale, expected.scale)
    differences = np.abs(found.values.astype(int) - expected.values)
    assert differences.max() <= 1, "which of two neighbours gives up the odd step is left open"
    assert (differences == 0).mean() > 0.9


def test_more_channels_than_a_block_are_rounded_too() -> None:
    layer = dense(n_in=300, tokens=900)
    inputs = layer.inputs.astype(np.float32)
    found = round_by_calibration(layer.weight, layer.curvature)
    errors = [
        np.square(inputs @ (layer.weight - rounded.restored())).mean() for rounded in (found, nearest(layer.weight))
    ]
    assert errors[0] < 0.6 * errors[1]


def test_what_it_is_rounded_by_is_left_as_it_was() -> None:
    layer = dense()
    before = layer.curvature.copy()
    round_by_calibration(layer.weight, layer.curvature)
    np.testing.assert_array_equal(layer.curvature, before)


def test_idle_channels_and_columns_do_no_harm() -> None:
    layer = dense()
    inputs, weight = layer.inputs.astype(np.float32), layer.weight.copy()
    inputs[:, 5], weight[:, 2] = 0, 0
    rounded = round_by_calibration(weight, inputs.T @ inputs)
    assert np.isfinite(rounded.restored()).all()
    assert (rounded.values[:, 2] == 0).all()


def test_inputs_that_are_no_numbers_are_refused() -> None:
    curvature = np.full((24, 24), np.nan, np.float32)
    with pytest.raises(CalibrationError, match="numbers that are none"):
        round_by_calibration(dense().weight, curvature)
