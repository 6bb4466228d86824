"""Shards handed out by one driver to workers that start, differ in speed, die and are replaced. Pure, seeded."""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Work:
    """What there is to do: so many shards, each taking one of the measured times.

    Attributes:
        shards: How many.
        shard_seconds: Measured times of shards of this size, drawn from with replacement.
    """

    shards: int
    shard_seconds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Cluster:
    """Who does it, and what happens to them.

    Attributes:
        workers: How many work side by side.
        load_seconds: From a worker's start to its first text: process, engine, bundle.
        dispatch_seconds: What the driver needs to hand out one shard and to take note of it; one at a time.
        slow_share: How many of the workers are slow, 0 to 1; the driver does not know which.
        slow_factor: How many times as long a slow worker takes.
        failures_per_hour: How often one worker dies; its shard is done again.
        replace_seconds: From a worker's death until another one starts in its place.
        driver_failures_per_hour: How often the driver dies, and with it all workers and the shards under way.
        driver_seconds: From its death until it runs again.
        resume_seconds: What it then needs for each shard done, to find that it is done.
    """

    workers: int
    load_seconds: float = 0.0
    dispatch_seconds: float = 0.0
    slow_share: float = 0.0
    slow_factor: float = 1.0
    failures_per_hour: float = 0.0
    replace_seconds: float = 0.0
    driver_failures_per_hour: float = 0.0
    driver_seconds: float = 0.0
    resume_seconds: float = 0.0

    def of(self, workers: int) -> Cluster:
        """The same with so many workers."""
        return replace(self, workers=workers)


@dataclass(frozen=True, slots=True)
class Course:
    """How it went.

    Attributes:
        seconds: From the start to the last shard.
        worker_seconds: Seconds for which a worker was there, at work, loading or idle: what is paid for.
        useful_seconds: Those spent on shards that were finished.
        lost_seconds: Those spent on shards that were not, because the worker or the driver died.
        failures: Workers that died.
        driver_failures: How often the driver did.
        tail_seconds: From the moment when the last new shard was handed out to the end.
        done: How often each shard was finished, which is once.
    """

    seconds: float
    worker_seconds: float
    useful_seconds: float
    lost_seconds: float
    failures: int
    driver_failures: int
    tail_seconds: float
    done: tuple[int, ...]

    @property
    def efficiency(self) -> float:
        """The part of the time paid for that went into finished shards."""
        return self.useful_seconds / self.worker_seconds


def simulate(work: Work, cluster: Cluster, seed: int) -> Course:
    """One course of events; the same one for the same seed.

    A worker takes the first shard that waits, one that was lost before all others. It dies after a time with an
    exponential distribution, as does the driver. All workers start at once.
    """
    return _Simulation(work, cluster, random.Random(seed)).run()


@dataclass(slots=True)
class _Worker:
    factor: float
    dies_at: float = math.inf


@dataclass(slots=True)
class _Simulation:
    """Whatever becomes of a shard is known as it is handed out: a lost one waits again from the time of its loss."""

    work: Work
    cluster: Cluster
    random: random.Random
    next_shard: int = 0
    lost: list[tuple[float, int]] = field(default_factory=list)
    done: list[int] = field(default_factory=list)
    deaths: list[float] = field(default_factory=list)
    useful_seconds: float = 0.0
    lost_seconds: float = 0.0
    driver_failures: int = 0
    driver_free_at: float = 0.0
    last_new_at: float = 0.0
    ended_at: float = 0.0

    def run(self) -> Course:
        self.done = [0] * self.work.shards
        n_slow = round(self.cluster.slow_share * self.cluster.workers)
        factors = [self.cluster.slow_factor] * n_slow + [1.0] * (self.cluster.workers - n_slow)
        workers = [_Worker(factor) for factor in factors]
        start = 0.0
        while self._is_left():
            start = self._until_the_driver_dies(workers, start)
        gaps = (min(self.cluster.replace_seconds, max(0.0, self.ended_at - death)) for death in self.deaths)
        return Course(
            self.ended_at,
            self.cluster.workers * self.ended_at - sum(gaps),
            self.useful_seconds,
            self.lost_seconds,
            len(self.deaths),
            self.driver_failures,
            self.ended_at - self.last_new_at,
            tuple(self.done),
        )

    def _is_left(self) -> bool:
        return self.next_shard < self.work.shards or bool(self.lost)

    def _until_the_driver_dies(self, workers: Sequence[_Worker], start: float) -> float:
        """Everything from one start of the driver to its death, or to the end; the time of its next start."""
        driver_dies_at = start + self._time_to(self.cluster.driver_failures_per_hour)
        self.driver_free_at = start + self.cluster.resume_seconds * sum(self.done)
        free = [(start + self.cluster.load_seconds, number) for number in range(len(workers))]
        for worker in workers:
            worker.dies_at = start + self._time_to(self.cluster.failures_per_hour)
        while free and self._is_left():
            free_at, number = heapq.heappop(free)
            next_at = self._one_shard(workers[number], free_at, driver_dies_at)
            if next_at < driver_dies_at:
                heapq.heappush(free, (next_at, number))
        if not self._is_left():
            return math.inf
        self.driver_failures += 1
        return driver_dies_at + self.cluster.driver_seconds

    def _one_shard(self, worker: _Worker, free_at: float, driver_dies_at: float) -> float:
        """Hand the worker the next shard; when it, or who comes in its place, is free again."""
        given_at = max(free_at, self.driver_free_at, self._next_waits_from()) + self.cluster.dispatch_seconds
        if worker.dies_at <= given_at:
            return self._replaced(worker)
        if given_at >= driver_dies_at:
            return math.inf
        self.driver_free_at = given_at
        shard = self._take(given_at)
        ends_at = given_at + self.random.choice(self.work.shard_seconds) * worker.factor
        stops_at = min(ends_at, worker.dies_at, driver_dies_at)
        if stops_at < ends_at:
            self.lost_seconds += stops_at - given_at
            heapq.heappush(self.lost, (stops_at, shard))
            return math.inf if stops_at == driver_dies_at else self._replaced(worker)
        self.done[shard] += 1
        self.useful_seconds += ends_at - given_at
        self.ended_at = max(self.ended_at, ends_at)
        return ends_at

    def _next_waits_from(self) -> float:
        """When the next shard is there to be taken."""
        return self.lost[0][0] if self.next_shard == self.work.shards else 0.0

    def _take(self, now: float) -> int:
        """One that was lost before now, else the next new one."""
        if self.lost and self.lost[0][0] <= now:
            return heapq.heappop(self.lost)[1]
        self.last_new_at = now
        self.next_shard += 1
        return self.next_shard - 1

    def _replaced(self, worker: _Worker) -> float:
        """Another one in the place of a worker that died; when it can take a shard."""
        self.deaths.append(worker.dies_at)
        starts_at = worker.dies_at + self.cluster.replace_seconds
        worker.dies_at = starts_at + self._time_to(self.cluster.failures_per_hour)
        return starts_at + self.cluster.load_seconds

    def _time_to(self, failures_per_hour: float) -> float:
        return self.random.expovariate(failures_per_hour / HOUR) if failures_per_hour > 0 else math.inf
