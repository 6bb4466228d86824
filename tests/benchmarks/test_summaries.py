from __future__ import annotations

import pytest

from claxon_bench.summaries import percentile, rates, spread


def test_median_and_quartiles() -> None:
    found = spread([5.0, 1.0, 3.0, 2.0, 4.0])
    assert (found.low, found.median, found.high) == (2, 3, 4)
    assert found.relative_iqr == pytest.approx(2 / 3)


def test_rate_is_the_median_of_rates() -> None:
    found = rates(100, [1.0, 2.0, 4.0])
    assert (found.low, found.median, found.high) == (37.5, 50, 75)


def test_percentile() -> None:
    assert percentile([float(i) for i in range(101)], 95) == 95


def test_spread_of_nothing_is_nothing() -> None:
    assert spread([0.0]).relative_iqr == 0
