"""What a job costs beside the encoder: the same texts by ``claxon.jobs`` and by plain calls, in turn.

``python -m reliability.overhead --bundle BUNDLE`` from the repository's root; figures go to ``overhead.json``.

Both sides have the same number of processes and threads, started afresh in each round. The calls have their texts in
memory, label them in one call a process, and write nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import claxon
from claxon.bundle.bundle import Bundle
from claxon.formats.arrow import parquet
from claxon.formats.writers import open_output
from claxon.jobs.job import run_job
from claxon.jobs.parts import read_markers
from claxon.jobs.plan import Plan
from claxon_bench.machine import this_machine
from reliability.million import chosen_head, job_parser, write_texts

ROWS = 49_152  # six shards of 8,192: each of two workers does three
MOST_OVERHEAD = 0.05


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one side in one round.

    Attributes:
        whole: From the first process's start to the last one's end; of a job with planning.
        work: Of a process: the call itself, or its shards from first row to marker.
        processor: Of the processor, in all processes together: what a busy machine disturbs least.
    """

    whole: float
    work: float
    processor: float


@dataclass(frozen=True, slots=True)
class Round:
    """Both sides of one round."""

    calls: Timing
    job: Timing

    @property
    def overhead(self) -> Timing:
        """How much longer the job took, as a share."""
        job, calls = self.job, self.calls
        return Timing(job.whole / calls.whole - 1, job.work / calls.work - 1, job.processor / calls.processor - 1)


@dataclass(frozen=True, slots=True)
class Workload:
    """What is labelled, with what, by how many."""

    bundle: Path
    head: str | None
    path: Path
    workers: int
    threads: int
    shard_rows: int


def main(words: Sequence[str] | None = None) -> int:
    """Measure in turn. 1 if the median overhead of the whole is above ``MOST_OVERHEAD``."""
    options = _parser().parse_args(words)
    folder = options.folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path = write_texts(folder / "in.parquet", options.rows, options.seed)
    head = chosen_head(options.bundle, options.head)
    workload = Workload(options.bundle, head, path, options.workers, options.threads, options.shard_rows)
    rounds = [measure(workload, folder / f"out-{number}", number) for number in range(options.rounds)]
    overhead = median_overhead(rounds)
    _write(rounds, overhead, workload, options)
    print("overhead: " + ", ".join(f"{name} {share:.1%}" for name, share in asdict(overhead).items()))
    return 1 if overhead.whole > MOST_OVERHEAD else 0


def median_overhead(rounds: Sequence[Round]) -> Timing:
    """The medians of all rounds, as shares."""
    found = [each.overhead for each in rounds]
    medians = (statistics.median(getattr(each, name) for each in found) for name in ("whole", "work", "processor"))
    return Timing(*medians)


def measure(workload: Workload, out: Path, number: int) -> Round:
    """One round; every other one begins with the job."""
    if number % 2:
        job, calls = by_job(workload, out), by_calls(workload)
    else:
        calls, job = by_calls(workload), by_job(workload, out)
    found = Round(calls, job)
    print(f"round {number + 1}: {json.dumps(asdict(found))} overhead {found.overhead.whole:.1%}", flush=True)
    return found


def by_job(workload: Workload, out: Path) -> Timing:
    """A job of all texts."""
    before, began = processor_seconds(), time.perf_counter()
    run_job(
        workload.bundle,
        workload.path,
        out,
        heads=workload.head,
        embed="float32" if workload.head is None else None,
        keep=["id"],
        shard_rows=workload.shard_rows,
        workers=workload.workers,
        threads=workload.threads,
    )
    whole, processor = time.perf_counter() - began, processor_seconds() - before
    markers = read_markers(Plan.load(out), out).values()
    return Timing(whole, sum(marker.seconds for marker in markers) / workload.workers, processor)


def by_calls(workload: Workload) -> Timing:
    """A call in each of so many processes, of an equal share of the texts each."""
    context = get_context("spawn")
    before, began = processor_seconds(), time.perf_counter()
    ends, processes = [], []
    for number in range(workload.workers):
        ours, theirs = context.Pipe()
        process = context.Process(target=label_share, args=(theirs, workload, number))
        process.start()
        theirs.close()
        ends.append(ours)
        processes.append(process)
    seconds = [float(end.recv()) for end in ends]
    for process in processes:
        process.join()
    return Timing(time.perf_counter() - began, statistics.mean(seconds), processor_seconds() - before)


def processor_seconds() -> float:
    """Of this process and of all that it started and that ended."""
    found = os.times()
    return found.user + found.system + found.children_user + found.children_system


def label_share(connection: Connection, workload: Workload, number: int) -> None:
    """Label every text whose turn is this process's; tells the seconds of the call."""
    texts = parquet().read_table(str(workload.path))["text"].to_pylist()[number :: workload.workers]
    if workload.head is None:
        encoder = claxon.Encoder.load(workload.bundle, threads=workload.threads)
        began = time.perf_counter()
        encoder.encode(texts, on_truncation="ignore")
    else:
        classifier = claxon.load(workload.bundle, workload.head, threads=workload.threads)
        began = time.perf_counter()
        classifier.predict(texts, on_truncation="ignore")
    connection.send(time.perf_counter() - began)


def _write(rounds: Sequence[Round], overhead: Timing, workload: Workload, options: argparse.Namespace) -> None:
    options.out.mkdir(parents=True, exist_ok=True)
    bundle = Bundle.open(workload.bundle)
    content = {
        "overhead": {name: round(value, 4) for name, value in asdict(overhead).items()},
        "rows": options.rows,
        "shard_rows": workload.shard_rows,
        "workers": workload.workers,
        "threads": workload.threads,
        "head": workload.head,
        "rounds": [asdict(found) for found in rounds],
        "bundle": bundle.path.resolve().name,
        "digest": bundle.digest,
        "machine": asdict(this_machine()),
    }
    with open_output(str(options.out / "overhead.json")) as stream:
        stream.write((json.dumps(content, indent=1) + "\n").encode())


def _parser() -> argparse.ArgumentParser:
    parser = job_parser("overhead", (__doc__ or "").partition("\n")[0], ROWS)
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="of both sides (default: 3)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
