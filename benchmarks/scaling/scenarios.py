"""A job of a billion texts on clusters of several sizes and kinds of luck: what is simulated for the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from scaling.simulator import HOUR, Cluster, Course, Work, simulate
from scaling.times import ShardTimes

TEXTS = 1_000_000_000
SHARD_ROWS = 50_000
WORKERS = (1, 8, 64, 256, 1024)
WORKERS_OF_PLAN = 256
SHARD_SIZES = (1_000, 10_000, 50_000, 250_000, 1_000_000)
SEEDS = range(5)

# Assumed, not measured: machines that come and go as cheap ones do.
MISHAPS = Cluster(
    1,
    slow_share=0.05,
    slow_factor=2.0,
    failures_per_hour=0.1,
    replace_seconds=180.0,
    driver_failures_per_hour=0.5,
    driver_seconds=300.0,
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is done, by whom, and what the row of the table is called."""

    name: str
    work: Work
    cluster: Cluster
    texts: int


@dataclass(frozen=True, slots=True)
class Found:
    """Medians of several courses.

    Attributes:
        longest_hours: The longest of them.
        worker_hours: That are paid for.
        efficiency: The part of them that went into finished shards.
        lost_share: Work that was lost, as a part of the work that was finished.
    """

    scenario: Scenario
    hours: float
    longest_hours: float
    worker_hours: float
    efficiency: float
    lost_share: float
    failures: float
    driver_failures: float
    tail_minutes: float

    @property
    def texts(self) -> int:
        """How many texts the job has."""
        return self.scenario.texts


def found(scenario: Scenario, seeds: Sequence[int] = SEEDS) -> Found:
    """Simulate once for each seed."""
    courses = [simulate(scenario.work, scenario.cluster, seed) for seed in seeds]
    return Found(
        scenario,
        median(course.seconds for course in courses) / HOUR,
        max(course.seconds for course in courses) / HOUR,
        median(course.worker_seconds for course in courses) / HOUR,
        median(course.efficiency for course in courses),
        median(_lost_share(course) for course in courses),
        median(course.failures for course in courses),
        median(course.driver_failures for course in courses),
        median(course.tail_seconds for course in courses) / 60,
    )


def calm(times: ShardTimes, workers: int) -> Cluster:
    """Nothing goes wrong; what loading and handing out cost was measured."""
    return Cluster(
        workers,
        load_seconds=times.load_seconds,
        dispatch_seconds=times.dispatch_seconds,
        resume_seconds=times.resume_seconds,
    )


def rough(times: ShardTimes, workers: int) -> Cluster:
    """Slow workers, workers that die, and a driver that dies."""
    return _losing_drivers(_losing_workers(_with_slow_workers(calm(times, workers))))


def work(times: ShardTimes, texts: int = TEXTS, shard_rows: int = SHARD_ROWS) -> Work:
    """So many texts in shards of so many rows."""
    return Work(-(-texts // shard_rows), times.seconds_of(shard_rows))


def by_workers(times: ShardTimes, texts: int = TEXTS) -> list[Scenario]:
    """More and more workers, under everything that can go wrong."""
    return [Scenario(f"{n:,}", work(times, texts), rough(times, n), texts) for n in WORKERS]


def by_mishap(times: ShardTimes, texts: int = TEXTS) -> list[Scenario]:
    """One thing that goes wrong at a time."""
    base = calm(times, WORKERS_OF_PLAN)
    clusters = {
        "nothing goes wrong": base,
        "5 % of the workers at half the speed": _with_slow_workers(base),
        "a worker dies every 10 h, 3 min until the next": _losing_workers(base),
        "the driver dies every 2 h, 5 min until the next": _losing_drivers(base),
        "all of these": rough(times, WORKERS_OF_PLAN),
    }
    return [Scenario(name, work(times, texts), cluster, texts) for name, cluster in clusters.items()]


def by_shard_size(times: ShardTimes, texts: int = TEXTS) -> list[Scenario]:
    """Larger and larger shards, under everything that can go wrong."""
    cluster = rough(times, WORKERS_OF_PLAN)
    return [Scenario(f"{rows:,}", work(times, texts, rows), cluster, texts) for rows in SHARD_SIZES]


def _lost_share(course: Course) -> float:
    return course.lost_seconds / course.useful_seconds


def _with_slow_workers(cluster: Cluster) -> Cluster:
    return replace(cluster, slow_share=MISHAPS.slow_share, slow_factor=MISHAPS.slow_factor)


def _losing_workers(cluster: Cluster) -> Cluster:
    return replace(cluster, failures_per_hour=MISHAPS.failures_per_hour, replace_seconds=MISHAPS.replace_seconds)


def _losing_drivers(cluster: Cluster) -> Cluster:
    rate, seconds = MISHAPS.driver_failures_per_hour, MISHAPS.driver_seconds
    return replace(cluster, driver_failures_per_hour=rate, driver_seconds=seconds)
