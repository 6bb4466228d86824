from __future__ import annotations

from dataclasses import replace

import pytest

from scaling.simulator import HOUR, Cluster, Work, simulate

EVEN = Work(10, (2.0,))
VARIED = Work(500, (40.0, 50.0, 60.0))
ROUGH = Cluster(
    16, load_seconds=10, dispatch_seconds=0.02, slow_share=0.25, slow_factor=2.0, failures_per_hour=2.0,
    replace_seconds=120, driver_failures_per_hour=3.0, driver_seconds=60, resume_seconds=0.01,
)  # fmt: skip


def test_one_worker_takes_one_shard_after_the_other() -> None:
    course = simulate(EVEN, Cluster(1, load_seconds=1.0), 0)
    assert course.seconds == 21.0
    assert course.useful_seconds == 20.0
    assert course.efficiency == pytest.approx(20 / 21)
    assert course.tail_seconds == 2.0


def test_three_workers_need_four_rounds_for_ten_shards() -> None:
    course = simulate(EVEN, Cluster(3), 0)
    assert course.seconds == 8.0
    assert course.worker_seconds == 24.0


def test_more_workers_than_shards_are_idle() -> None:
    assert simulate(EVEN, Cluster(100), 0).seconds == 2.0


def test_one_driver_hands_out_one_shard_at_a_time() -> None:
    assert simulate(EVEN, Cluster(100, dispatch_seconds=1.0), 0).seconds == 12.0


def test_a_slow_worker_takes_longer_and_gets_less() -> None:
    course = simulate(Work(9, (2.0,)), Cluster(2, slow_share=0.5, slow_factor=2.0), 0)
    assert course.seconds == 12.0  # six of the fast one, three of the slow one


@pytest.mark.parametrize("seed", range(20))
def test_every_shard_is_finished_once_whatever_dies(seed: int) -> None:
    course = simulate(VARIED, ROUGH, seed)
    assert set(course.done) == {1}
    assert course.failures + course.driver_failures > 0
    assert course.lost_seconds > 0


def test_everything_that_can_go_wrong_does() -> None:
    courses = [simulate(VARIED, ROUGH, seed) for seed in range(5)]
    assert any(course.failures for course in courses)
    assert any(course.driver_failures for course in courses)


def test_the_same_seed_is_the_same_course() -> None:
    assert simulate(VARIED, ROUGH, 3) == simulate(VARIED, ROUGH, 3)
    assert simulate(VARIED, ROUGH, 3) != simulate(VARIED, ROUGH, 4)


def test_workers_die_as_often_as_was_said() -> None:
    courses = [simulate(VARIED, Cluster(4, failures_per_hour=2.0), seed) for seed in range(30)]
    expected = sum(2.0 * 4 * course.seconds / HOUR for course in courses)
    assert sum(course.failures for course in courses) == pytest.approx(expected, rel=0.15)


def test_no_more_is_lost_than_one_shard_a_death() -> None:
    cluster = Cluster(4, failures_per_hour=2.0)
    course = simulate(VARIED, cluster, 1)
    assert 0 < course.lost_seconds <= course.failures * max(VARIED.shard_seconds)


def test_a_worker_that_is_not_there_is_not_paid_for() -> None:
    cluster = Cluster(4, failures_per_hour=2.0, replace_seconds=300.0)
    course = simulate(VARIED, cluster, 1)
    gap = 4 * course.seconds - course.worker_seconds
    assert 0 < gap <= 300.0 * course.failures


def test_the_driver_takes_all_workers_with_it() -> None:
    alone = Cluster(16, driver_failures_per_hour=12.0, driver_seconds=60.0)
    course = simulate(VARIED, alone, 3)
    assert course.driver_failures > 0
    assert course.failures == 0
    assert course.lost_seconds <= course.driver_failures * 16 * max(VARIED.shard_seconds)
    assert course.seconds > simulate(VARIED, replace(alone, driver_failures_per_hour=0.0), 3).seconds


def test_a_new_driver_looks_at_every_marker() -> None:
    quick = Cluster(4, driver_failures_per_hour=2.0)
    slow = replace(quick, resume_seconds=1.0)
    assert simulate(VARIED, slow, 5).seconds > simulate(VARIED, quick, 5).seconds


def test_another_number_of_workers() -> None:
    assert ROUGH.of(3) == replace(ROUGH, workers=3)
