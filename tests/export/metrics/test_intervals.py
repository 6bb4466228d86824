"""The bootstrap: intervals as theory says, vectorised and seeded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from claxon_export.metrics import intervals
from claxon_export.metrics.intervals import percentile_interval, resampled_means, resampled_tables

Array = np.ndarray[Any, Any]


def shares(tables: Array) -> dict[str, Array]:
    return {"first": tables[..., 0] / tables.sum(axis=-1)}


def test_interval_of_a_share_is_the_binomial_one() -> None:
    resampled = resampled_tables(np.array([300, 100]), shares, 20_000, seed=1)["first"]
    result = percentile_interval(0.75, resampled)
    error = (0.75 * 0.25 / 400) ** 0.5
    assert result.value == 0.75
    assert result.low == pytest.approx(0.75 - 1.96 * error, abs=0.003)
    assert result.high == pytest.approx(0.75 + 1.96 * error, abs=0.003)


def test_interval_of_a_mean_is_the_normal_one() -> None:
    values = np.random.default_rng(0).normal(size=2000)
    result = percentile_interval(values.mean(), resampled_means(values, 4000, seed=1))
    error = values.std() / len(values) ** 0.5
    assert result.low == pytest.approx(values.mean() - 1.96 * error, abs=0.004)
    assert result.high == pytest.approx(values.mean() + 1.96 * error, abs=0.004)


def test_every_resample_has_as_many_texts() -> None:
    def totals(tables: Array) -> dict[str, Array]:
        return {"texts": tables.sum(axis=(-2, -1))}

    assert set(resampled_tables(np.array([[3, 0], [1, 5]]), totals, 40, seed=0)["texts"].tolist()) == {9}


def test_cells_without_texts_stay_empty() -> None:
    def empty(tables: Array) -> dict[str, Array]:
        return {"cell": tables[..., 1]}

    assert not resampled_tables(np.array([3, 0, 2]), empty, 40, seed=0)["cell"].any()


def test_same_seed_same_resamples_another_another() -> None:
    values = np.arange(50.0)
    assert (resampled_means(values, 20, seed=3) == resampled_means(values, 20, seed=3)).all()
    assert (resampled_means(values, 20, seed=3) != resampled_means(values, 20, seed=4)).any()


@pytest.mark.parametrize("numbers", [1, 7, 10_000])
def test_memory_is_bounded_and_the_number_of_resamples_kept(numbers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "NUMBERS_AT_A_TIME", numbers)
    assert resampled_means(np.arange(5.0), 23, seed=0).shape == (23,)
    assert resampled_tables(np.array([2, 3]), shares, 23, seed=0)["first"].shape == (23,)


def test_resamples_without_a_figure_are_left_out() -> None:
    assert percentile_interval(0.5, np.array([np.nan, 0.4, 0.4])).low == pytest.approx(0.4)


def test_no_interval_without_a_figure() -> None:
    result = percentile_interval(0.5, np.array([np.nan]))
    assert (result.value, result.low, result.high) == (0.5, None, None)
