"""Inputs as U8."""

from __future__ import annotations

import numpy as np
import pytest

from claxon_export.int8.inputs import (
    ACTIVATION_MINIMUM,
    AFTER_ACTIVATION,
    BOTH_SIGNS,
    Smoothing,
    middles,
    smoothing_factors,
    static,
)
from tests.linear_layers import dense


def gelu(x: np.ndarray) -> np.ndarray:
    return np.asarray(x / (1 + np.exp(-1.702 * x)))


def test_static_steps_are_even_and_cut_what_lies_outside() -> None:
    inputs = np.linspace(-1, 3, 401, dtype=np.float32)[:, None]
    chosen = static(inputs, 0.0)
    assert chosen.scale == pytest.approx(4 / 255)
    np.testing.assert_allclose(chosen.restored(inputs), inputs, atol=chosen.scale)
    assert chosen.restored(np.array([[9.0]], np.float32))[0, 0] == pytest.approx(3, abs=chosen.scale)


def test_zero_stays_zero() -> None:
    for low, high in ((-1, 3), (0.5, 2), (-2, -1)):
        chosen = static(np.array([[low, high]], np.float32), 0.0)
        assert chosen.restored(np.zeros((1, 2), np.float32)).tolist() == [[0, 0]]


def test_a_cut_leaves_the_rarest_values_out() -> None:
    inputs = np.concatenate([np.linspace(-1, 1, 10_000), [50]]).astype(np.float32)[:, None]
    assert static(inputs, 1e-3).scale < static(inputs, 0.0).scale / 10


@pytest.mark.parametrize("largest", [0.01, 0.2, 3.0, 60.0])
def test_a_scale_a_token_restores_every_token_to_half_a_step(largest: float) -> None:
    """Half a step for every value that an activation can give, whatever the token's largest one is."""
    inputs = np.linspace(-ACTIVATION_MINIMUM, largest, 500, dtype=np.float32)[None]
    chosen = AFTER_ACTIVATION
    step = max(largest / chosen.levels_above, chosen.least_scale)
    np.testing.assert_allclose(chosen.restored(inputs), inputs, atol=0.501 * step)


@pytest.mark.parametrize("largest", [3.0, 10.0, 60.0])
def test_a_token_with_large_values_keeps_nearly_all_levels(largest: float) -> None:
    """A step is no more than a tenth wider than if all 256 levels lay between zero and the largest value."""
    inputs = np.linspace(-ACTIVATION_MINIMUM, largest, 500, dtype=np.float32)[None]
    assert np.abs(AFTER_ACTIVATION.restored(inputs) - inputs).max() <= 1.1 * largest / 255 / 2


def test_a_token_is_quantised_the_same_whatever_stands_beside_it() -> None:
    inputs = gelu(np.random.default_rng(0).standard_normal((5, 32)) * 3).astype(np.float32)
    alone = np.concatenate([AFTER_ACTIVATION.restored(row[None]) for row in inputs])
    np.testing.assert_array_equal(AFTER_ACTIVATION.restored(inputs), alone)


@pytest.mark.parametrize("largest", [0.0, 1e-4, 3.0, 60.0])
def test_values_of_both_signs_are_restored_to_half_a_step(largest: float) -> None:
    inputs = np.linspace(-largest, largest / 3, 500, dtype=np.float32)[None]
    np.testing.assert_allclose(BOTH_SIGNS.restored(inputs), inputs, atol=0.501 * largest / 127)


def test_smoothing_takes_the_outliers_out_of_the_inputs() -> None:
    layer = dense()
    inputs = layer.inputs.astype(np.float32)
    factors = smoothing_factors(inputs, layer.weight, 0.8)
    assert np.log(factors).mean() == pytest.approx(0, abs=1e-5)
    ratio = [np.ptp(np.log(np.abs(x).max(axis=0))) for x in (inputs / factors, inputs)]
    assert ratio[0] < 0.5 * ratio[1]


def test_an_idle_channel_is_smoothed_by_a_number() -> None:
    layer = dense()
    inputs = layer.inputs.astype(np.float32)
    inputs[:, 0] = 0
    assert np.isfinite(smoothing_factors(inputs, layer.weight, 0.5)).all()


def test_the_middle_is_between_what_nearly_all_values_lie_between() -> None:
    usual = [np.linspace(-1, 3, 4001)] * 3
    inputs = np.stack([*usual, np.linspace(7, 8, 4001)], axis=1).astype(np.float32)
    inputs[0, 3] = 900
    np.testing.assert_allclose(middles(inputs), [0, 0, 0, 7.5], atol=0.01)


@pytest.mark.parametrize(("reach", "is_shifted"), [(5.9, False), (6.1, True)])
def test_only_channels_that_lie_far_out_are_shifted(reach: float, is_shifted: bool) -> None:
    inputs = np.stack([np.linspace(-1, 3, 4001)] * 3 + [np.linspace(1, reach, 4001)], axis=1).astype(np.float32)
    assert middles(inputs).astype(bool).tolist() == [False, False, False, is_shifted]


def test_smoothed_inputs_are_shifted_and_then_divided() -> None:
    smoothing = Smoothing(np.array([1, 2], np.float32), np.array([2, 4], np.float32))
    assert smoothing.smoothed(np.array([[3, 10]], np.float16)).tolist() == [[1, 2]]
