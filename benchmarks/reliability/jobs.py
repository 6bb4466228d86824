"""Jobs killed at any moment, and their workers: every row once, as without, at most a shard a worker lost."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from dataclasses import dataclass, field, replace
from typing import Any

from claxon.bundle.bundle import Bundle
from claxon.jobs.plan import Plan
from claxon.jobs.verification import verify_job
from claxon.storage.job_folder import wait_for_workers
from reliability.job_runs import JobRun, handed_out, markers_of, rows_of, shards_broken_off, write_input
from reliability.part import Outcome, Settings, is_installed
from reliability.process_family import is_listed, workers_of

JOB_KILLS = 50
WORKER_KILLS = 20
ROWS = 40_000
SHARD_ROWS = 1000
WORKERS = 2


@dataclass(slots=True)
class Found:
    """What was seen so far.

    Attributes:
        expected: The rows of a job that nothing disturbed, an Arrow table.
        seconds: That it took.
        killed_planning: Jobs that were killed before they had a plan.
        most_lost: The most shards that were begun and not done when a job was killed.
    """

    expected: Any
    seconds: float
    job_kills: int = 0
    killed_planning: int = 0
    worker_kills: int = 0
    jobs: int = 0
    shards: int = 0
    lost: int = 0
    most_lost: int = 0
    failures: list[str] = field(default_factory=list)


def run(settings: Settings) -> Outcome:
    """Kill ``JOB_KILLS`` jobs and ``WORKER_KILLS`` workers, and compare what comes of them with an undisturbed job."""
    start = time.perf_counter()
    if not is_installed("pyarrow") or not is_listed():
        return Outcome("jobs", 0.0, not_run="it needs pyarrow, and a system that lists processes in /proc")
    heads = Bundle.open(settings.bundle).manifest.heads
    if not heads:
        return Outcome("jobs", 0.0, not_run="the bundle has no head to label with")
    draw = random.Random(settings.seed)
    path = write_input(settings.folder / "in.parquet", settings.scaled(ROWS), settings.seed)
    job = JobRun(settings.bundle, path, settings.folder / "whole", SHARD_ROWS, WORKERS, heads[0].name)
    began = time.perf_counter()
    complaint = job.finish()
    if complaint is not None:
        return Outcome("jobs", time.perf_counter() - start, failures=[f"an undisturbed job {complaint}"])
    found = Found(rows_of(job.out), time.perf_counter() - began)
    found.shards = len(Plan.load(job.out).shards)
    while found.job_kills < settings.scaled(JOB_KILLS):
        kill_jobs(_next(job, settings, found), found, draw, settings.scaled(JOB_KILLS))
    while found.worker_kills < settings.scaled(WORKER_KILLS):
        kill_workers(_next(job, settings, found), found, draw, settings.scaled(WORKER_KILLS))
    return Outcome("jobs", time.perf_counter() - start, _counts(found), found.failures)


def kill_jobs(job: JobRun, found: Found, draw: random.Random, most: int) -> None:
    """Kill a job at any moment of an undisturbed one's time, until it ends by itself or enough were killed."""
    while found.job_kills < most:
        before = markers_of(job.out)
        with job.started() as process:
            time.sleep(draw.uniform(0.0, found.seconds))
            process.kill()
            if job.complaint(process) is None:
                break
        found.job_kills += 1
        found.killed_planning += not (job.out / "job.json").exists()
        _check_after_kill(job, found, before)
    _check_end(job, found, job.finish())


def kill_workers(job: JobRun, found: Found, draw: random.Random, most: int) -> None:
    """Kill a worker of a running job now and then, never one shard's three times; the job goes on and ends well."""
    with job.started() as process:
        while found.worker_kills < most and process.poll() is None:
            time.sleep(draw.uniform(0.0, found.seconds / 4))
            workers = workers_of(process.pid)
            if not workers:
                continue
            with contextlib.suppress(ProcessLookupError):  # it ended by itself
                os.kill(draw.choice(workers), signal.SIGKILL)
                found.worker_kills += 1
            plan = Plan.load(job.out)
            begun = handed_out(plan, job.out, WORKERS)
            while process.poll() is None and not begun <= set(plan.folder(job.out).numbers_done()):
                time.sleep(0.05)
        complaint = job.complaint(process)
    _check_end(job, found, complaint)


def _next(job: JobRun, settings: Settings, found: Found) -> JobRun:
    found.jobs += 1
    return replace(job, out=settings.folder / f"job-{found.jobs}")


def _check_after_kill(job: JobRun, found: Found, before: dict[str, bytes]) -> None:
    if not job.out.exists():
        return
    wait_for_workers(job.out)
    lost = shards_broken_off(job.out)
    found.lost += len(lost)
    found.most_lost = max(found.most_lost, len(lost))
    where = f"{job.out.name}, kill {found.job_kills}"
    if len(lost) > job.workers:
        found.failures.append(f"{where}: {len(lost)} shards were begun and not done: {', '.join(sorted(lost))}")
    after = markers_of(job.out)
    changed = [name for name, content in before.items() if after.get(name) != content]
    if changed:
        found.failures.append(f"{where}: what was done did not stay: {', '.join(changed)}")


def _check_end(job: JobRun, found: Found, complaint: str | None) -> None:
    if complaint is not None:
        found.failures.append(f"{job.out.name} {complaint}")
        return
    problems = verify_job(job.out).problems
    found.failures += [f"{job.out.name}: {problem}" for problem in problems]
    rows = rows_of(job.out)
    if not rows.equals(found.expected):
        found.failures.append(f"{job.out.name}: {_difference(rows, found.expected)}")


def _difference(rows: Any, expected: Any) -> str:
    ids, wanted = rows["id"].to_pylist(), expected["id"].to_pylist()
    if ids != wanted:
        missing, twice = set(wanted) - set(ids), len(ids) - len(set(ids))
        return f"{len(ids)} rows and not {len(wanted)}, {len(missing)} missing, {twice} twice"
    other = [name for name in expected.column_names if rows[name] != expected[name]]
    return f"other values than without in {', '.join(other)}"


def _counts(found: Found) -> dict[str, int | float]:
    return {
        "jobs_killed": found.job_kills,
        "before_their_plan": found.killed_planning,
        "workers_killed": found.worker_kills,
        "jobs_compared": found.jobs,
        "rows_each": len(found.expected),
        "shards_each": found.shards,
        "shards_lost_at_most": found.most_lost,
        "shards_lost_in_all": found.lost,
    }
