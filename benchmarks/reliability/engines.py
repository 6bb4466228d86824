"""Jobs on Ray whose actors are killed, and labels from Spark: every row once, bit-for-bit equal to the local job's."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from claxon import spark as claxon_spark
from claxon.bundle.bundle import Bundle
from claxon.formats.arrow import arrow, parquet
from claxon.integrations.ray_executor import RayExecutor, ShardActor
from claxon.jobs.job import run_job
from claxon.jobs.plan import Plan
from claxon.jobs.verification import verify_job
from claxon.storage.job_folder import PLAN_NAME
from reliability.job_runs import WORDS, handed_out
from reliability.part import Outcome, Settings, is_installed

ACTOR_KILLS = 20
ROWS = 20_000
SHARD_ROWS = 200
ACTORS = 2
PROCESSES = Path("/proc")


@dataclass(slots=True)
class Found:
    """What was seen so far."""

    bundle: Path
    head: str
    input: Path
    local: Path
    kills: int = 0
    jobs: int = 0
    failures: list[str] = field(default_factory=list)


def run(settings: Settings) -> Outcome:
    """Kill ``ACTOR_KILLS`` actors by their process ids, over several jobs; then label the same rows by Spark."""
    start = time.perf_counter()
    missing = [package for package in ("pyarrow", "ray", "pyspark") if not is_installed(package)]
    if missing or not PROCESSES.is_dir():
        return Outcome("engines", 0.0, not_run=f"it needs {', '.join(missing) or 'a system that has /proc'}")
    found = _begin(settings)
    draw, most = random.Random(settings.seed), settings.scaled(ACTOR_KILLS)
    with _ray():
        while found.kills < most and found.jobs < 2 * most and not found.failures:
            kill_actors(found, settings.folder / f"ray-{found.jobs}", draw, most)
    with _spark() as session:
        differing = label_by_spark(found, session)
    counts: dict[str, int | float] = {
        "actors_killed": found.kills,
        "jobs_on_ray": found.jobs,
        "shards_each": len(_parts(found.local)),
        "rows_each": _rows(found.local).num_rows,
        "scores_other_bits_on_spark": differing,
    }
    return Outcome("engines", time.perf_counter() - start, counts, found.failures)


def kill_actors(found: Found, out: Path, draw: random.Random, most: int) -> None:
    """Run a job on Ray and kill an actor now and then; compare its parts with those of the local job."""
    killer = _Killer(out, draw, most - found.kills)
    with killer:
        engine = RayExecutor(ACTORS)
        run_job(found.bundle, found.input, out, heads=found.head, shard_rows=SHARD_ROWS, executor=engine)
    found.kills += killer.kills
    found.jobs += 1
    found.failures += [f"{out.name}: {problem}" for problem in verify_job(out).problems]
    if _parts(out) != _parts(found.local):
        found.failures.append(f"{out.name}: other parts than those of the local job")


def label_by_spark(found: Found, session: Any) -> int:
    """How many scores differ from the local job's in any bit; another label or row is a failure."""
    with warnings.catch_warnings():  # that pandas 3 is newer than pyspark 4.3 likes
        warnings.simplefilter("ignore", FutureWarning)
        labelled = claxon_spark.predict(session.read.parquet(str(found.input)), str(found.bundle), heads=found.head)
        rows = sorted(labelled.select("id", "predicted_label", "score").collect())
    expected = _rows(found.local)
    if [row.id for row in rows] != expected["id"].to_pylist():
        found.failures.append(f"Spark: {len(rows)} rows and not each of the {expected.num_rows} once")
        return 0
    labels = expected["predicted_label"].to_pylist()
    others = sum(row.predicted_label != label for row, label in zip(rows, labels, strict=True))
    if others:
        found.failures.append(f"Spark: {others} labels are not those of the local job")
    return sum(row.score != score for row, score in zip(rows, expected["score"].to_pylist(), strict=True))


def actor_processes() -> list[int]:
    """Process ids of the job's actors: Ray names its processes by what they do."""
    found = []
    for process in PROCESSES.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            name = (process / "cmdline").read_bytes()
            found += [int(process.name)] * name.startswith(f"ray::{ShardActor.__name__}".encode())
    return sorted(found)


class _Killer:
    """A thread that kills an actor now and then while the block lasts, never at one shard three times."""

    def __init__(self, out: Path, draw: random.Random, most: int) -> None:
        self.kills = 0
        self._out, self._draw, self._most = out, draw, most
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._kill)

    def __enter__(self) -> _Killer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _kill(self) -> None:
        at, begun = self._draw.randint(1, 8), set[int]()
        while self.kills < self._most and not self._is_over.wait(0.005):
            if not (self._out / PLAN_NAME).exists():
                continue
            plan = Plan.load(self._out)
            done = plan.folder(self._out).numbers_done()
            processes = actor_processes() if len(done) >= at and begun <= set(done) else []
            if not processes:
                continue
            with contextlib.suppress(ProcessLookupError):  # it ended by itself
                os.kill(self._draw.choice(processes), signal.SIGKILL)
                self.kills += 1
            at, begun = len(done) + self._draw.randint(1, 20), handed_out(plan, self._out, ACTORS)


def _begin(settings: Settings) -> Found:
    """The input, and the job that nothing disturbs."""
    draw, rows = random.Random(settings.seed), settings.scaled(ROWS)
    texts = [f"{' '.join(draw.choices(WORDS, k=draw.randint(1, 6)))} {row}" for row in range(rows)]
    path, local = settings.folder / "in.parquet", settings.folder / "local"
    parquet().write_table(arrow().table({"id": range(rows), "text": texts}), str(path))
    head = Bundle.open(settings.bundle).manifest.heads[0].name
    run_job(settings.bundle, path, local, heads=head, shard_rows=SHARD_ROWS, threads=1)
    return Found(settings.bundle, head, path, local)


def _parts(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((out / "parts").iterdir())}


def _rows(out: Path) -> Any:
    return arrow().concat_tables([parquet().read_table(str(path)) for path in sorted((out / "parts").iterdir())])


@contextlib.contextmanager
def _ray() -> Iterator[None]:
    """A local cluster; the one that is there already, if one is."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray = import_module("ray")
    is_ours = not ray.is_initialized()
    if is_ours:
        ray.init(
            num_cpus=ACTORS,
            include_dashboard=False,
            object_store_memory=80 << 20,
            log_to_driver=False,
            logging_level="error",
        )
    try:
        yield
    finally:
        if is_ours:
            ray.shutdown()


@contextlib.contextmanager
def _spark() -> Iterator[Any]:
    """A session on two processors of this machine; the one that is there already, if one is."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    sessions = import_module("pyspark.sql").SparkSession
    active = sessions.getActiveSession()
    if active is not None:
        yield active
        return
    options = {"spark.ui.enabled": "false", "spark.log.level": "OFF"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        session = sessions.builder.master("local[2]").appName("reliability").config(map=options).getOrCreate()
    yield session
    session.stop()
