"""Time the shards of a job, and what surrounds them, for the simulation to start from.

python -m scaling.measure BUNDLE --shards 20 --shard-rows 8192 --workers 1 --threads 2
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

from claxon.bundle.bundle import Bundle
from claxon.cli.arguments import positive_int
from claxon.errors import ClaxonError
from claxon.formats.arrow import arrow, parquet
from claxon.jobs.job import run_job
from claxon.jobs.parts import Marker, done_markers
from claxon.jobs.plan import Plan, Shard
from claxon_bench.generator import tweets
from claxon_bench.machine import this_machine
from scaling.__main__ import RESULTS, TIMES_NAME
from scaling.scenarios import WORKERS_OF_PLAN
from scaling.times import ShardTime, ShardTimes

LOADS = 3
HANDED_OUT = 2000
SEED = 20
LOAD = """
import sys
from pathlib import Path
from claxon.jobs import Plan, ShardRunner
out = Path(sys.argv[1])
ShardRunner(Plan.load(out), out, threads=int(sys.argv[2])).close()
"""


def main(words: Sequence[str] | None = None) -> int:
    """Measure and write; 1 if the job fails."""
    options = _parser().parse_args(words)
    try:
        with tempfile.TemporaryDirectory(prefix="claxon-scaling-") as folder:
            times = measure(options, Path(folder))
        options.out.parent.mkdir(parents=True, exist_ok=True)
        times.write(options.out)
    except (ClaxonError, OSError) as error:
        print(f"scaling: {error}", file=sys.stderr)
        return 1
    seconds = [shard.seconds for shard in times.shards]
    print(
        f"{len(seconds)} shards of {options.shard_rows:,}: {min(seconds):.2f} to {max(seconds):.2f} s, "
        f"{times.texts_per_second:,.0f} texts/s a worker; {times.load_seconds:.2f} s to load, "
        f"{1000 * times.dispatch_seconds:.2f} ms to hand out, {1000 * times.resume_seconds:.3f} ms to resume"
    )
    return 0


def measure(options: argparse.Namespace, folder: Path) -> ShardTimes:
    """Run a job on generated short texts, and time what surrounds it."""
    source, out = folder / "texts.parquet", folder / "out"
    count = options.shards * options.shard_rows
    parquet().write_table(arrow().table({"id": range(count), "text": tweets(count, SEED)}), str(source))
    opened = Bundle.open(options.bundle)
    heads = [head.name for head in opened.manifest.heads[:1]]
    run_job(
        options.bundle, source, out, heads=heads, embed=None if heads else "float32", keep=["id"],
        shard_rows=options.shard_rows, workers=options.workers, threads=options.threads, precision=options.precision,
    )  # fmt: skip
    plan = Plan.load(out)
    markers = done_markers(plan, out)
    began = time.perf_counter()
    done_markers(plan, out)
    resumed = time.perf_counter() - began
    spec = opened.manifest.encoder
    return ShardTimes(
        bundle=opened.path.name,
        digest=opened.digest,
        precision=plan.precision,
        machine=this_machine(),
        threads=options.threads,
        workers=options.workers,
        load_seconds=median(_load_seconds(out, options.threads) for _ in range(LOADS)),
        dispatch_seconds=dispatch_seconds(markers[0], HANDED_OUT),
        resume_seconds=resumed / len(markers),
        bytes_a_text=sum(marker.part.size_bytes for marker in markers.values()) / count,
        bytes_a_shard=len(plan.to_json()) / len(plan.shards),
        conditions=options.conditions,
        width=spec.features[spec.default_feature or next(iter(spec.features))],
        shards=tuple(ShardTime(m.rows, m.n_tokens, m.seconds) for m in markers.values()),
    )


def dispatch_seconds(marker: Marker, count: int, at_once: int = WORKERS_OF_PLAN) -> float:
    """What a driver of Ray needs for each shard, with so many under way: an actor answers, and does nothing else.

    Raises:
        ImportError: ray is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray = import_module("ray")
    is_ours = not ray.is_initialized()
    if is_ours:
        ray.init(
            num_cpus=1,
            include_dashboard=False,
            object_store_memory=80 << 20,
            log_to_driver=False,
            logging_level="error",
        )
    try:
        actor = ray.remote(num_cpus=1)(_Idle).remote(marker)
        ray.get(actor.run.remote(marker.shard))
        began = time.perf_counter()
        _hand_out(ray, actor, marker.shard, count, at_once)
        seconds = time.perf_counter() - began
        ray.kill(actor)
        return seconds / count
    finally:
        if is_ours:
            ray.shutdown()


def _hand_out(ray: Any, actor: Any, shard: Shard, count: int, at_once: int) -> None:
    """As ``claxon.integrations.ray_executor`` does: wait for the next answer, and hand out another shard."""
    under_way = [actor.run.remote(shard) for _ in range(min(count, at_once))]
    left = count - len(under_way)
    while under_way:
        answered, under_way = ray.wait(under_way)
        for answer in answered:
            ray.get(answer)
            if left:
                under_way.append(actor.run.remote(shard))
                left -= 1


class _Idle:
    """An actor whose shards are done at once."""

    def __init__(self, marker: Marker) -> None:
        self._marker = marker

    def run(self, _: Shard) -> Marker:
        """The marker that it was given."""
        return self._marker


def _load_seconds(out: Path, threads: int) -> float:
    """From the start of a process to a loaded bundle."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", LOAD, str(out), str(threads)], check=True)
    return time.perf_counter() - began


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scaling.measure", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", metavar="BUNDLE", type=Path)
    parser.add_argument("--shards", metavar="N", type=positive_int, default=20)
    parser.add_argument("--shard-rows", metavar="N", type=positive_int, default=8192)
    parser.add_argument("--workers", metavar="N", type=positive_int, default=1)
    parser.add_argument("--threads", metavar="N", type=positive_int, default=2)
    parser.add_argument("--precision", metavar="P", default="auto")
    parser.add_argument(
        "--conditions", metavar="WORDS", default="", help="told with the figures, such as 'a busy machine'"
    )
    parser.add_argument("--out", metavar="FILE", type=Path, default=RESULTS / TIMES_NAME)
    return parser


if __name__ == "__main__":
    sys.exit(main())
