from __future__ import annotations

import pytest

from scaling.scenarios import (
    SHARD_ROWS,
    SHARD_SIZES,
    WORKERS,
    Scenario,
    by_mishap,
    by_shard_size,
    by_workers,
    calm,
    found,
    rough,
    work,
)
from scaling.simulator import Cluster, Work
from tests.benchmarks.scaling.times_of_shards import times_of_shards

TIMES = times_of_shards(2.0, 2.2, 2.4)
TEXTS = 200_000_000


def test_work_is_cut_into_shards_that_take_their_time() -> None:
    found = work(TIMES, 100_001, 50_000)
    assert found.shards == 3
    assert found.shard_seconds == pytest.approx((100.0, 110.0, 120.0))


def test_what_was_measured_is_in_every_cluster() -> None:
    assert calm(TIMES, 8) == Cluster(8, load_seconds=3.0, dispatch_seconds=0.005, resume_seconds=0.0002)
    assert rough(TIMES, 8).load_seconds == 3.0
    assert rough(TIMES, 8).failures_per_hour > 0


def test_more_workers_need_fewer_hours_and_are_less_at_work() -> None:
    rows = [found(scenario, [0]) for scenario in by_workers(TIMES, TEXTS)]
    assert [row.scenario.cluster.workers for row in rows] == list(WORKERS)
    hours = [row.hours for row in rows]
    assert hours == sorted(hours, reverse=True)
    assert rows[-1].efficiency < rows[1].efficiency


def test_mishaps_cost_hours() -> None:
    calm_row, *others = [found(scenario, [0]) for scenario in by_mishap(TIMES, TEXTS)]
    assert (calm_row.failures, calm_row.driver_failures, calm_row.lost_share) == (0, 0, 0)
    assert len(others) == 4
    assert all(row.worker_hours > calm_row.worker_hours for row in (others[0], others[-1]))


def test_large_shards_have_long_tails() -> None:
    rows = [found(scenario, [0]) for scenario in by_shard_size(TIMES, TEXTS)]
    assert [row.scenario.work.shards for row in rows] == [-(-TEXTS // size) for size in SHARD_SIZES]
    assert rows[-1].tail_minutes > rows[0].tail_minutes


def test_found_are_medians_and_the_longest() -> None:
    scenario = Scenario("one", Work(4, (10.0, 3600.0)), Cluster(1), 4 * SHARD_ROWS)
    every = [found(scenario, [seed]).hours for seed in range(5)]
    row = found(scenario, range(5))
    assert row.hours == pytest.approx(sorted(every)[2])
    assert row.longest_hours == max(every)
    assert row.texts == 4 * SHARD_ROWS
