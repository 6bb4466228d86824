"""A job of a million short texts: every row once and in order, and the memory of each process, drawn.

``python -m reliability.million --bundle BUNDLE`` from the repository's root; figures go to ``million.*``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from claxon.bundle.bundle import Bundle
from claxon.formats.arrow import arrow, parquet
from claxon.formats.writers import open_output
from claxon.jobs.progress import job_status
from claxon.jobs.verification import merge_job, verify_job
from claxon_bench import figure_style
from claxon_bench.errors import BenchmarkError
from claxon_bench.generator import short_texts
from claxon_bench.machine import this_machine
from reliability.resident_memory import MIB, Memory, Sampler, draw

ROWS = 1_000_000
GENERATED = 50_000
SAMPLES_KEPT = 400
MOST_GROWTH_MIB = 50.0
RESULTS = Path(__file__).parents[1] / "results" / "reliability"


@dataclass(frozen=True, slots=True)
class Million:
    """What the job came to.

    Attributes:
        seconds: Of the whole command, planning and loading included.
        texts_per_s: Over all of that time.
        input_bytes: The Parquet file.
        failures: What should not have been.
    """

    rows: int
    workers: int
    threads: int
    shards: int
    n_tokens: int
    truncated: int
    seconds: float
    texts_per_s: float
    tokens_per_s: float
    verify_s: float
    merge_s: float
    input_bytes: int
    memories: tuple[Memory, ...]
    failures: tuple[str, ...]


def main(words: Sequence[str] | None = None) -> int:
    """Run the job and write what was found. 1 if something is wrong."""
    options = _parser().parse_args(words)
    folder = options.folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    found = measure(options, folder)
    _write(found, options)
    print(json.dumps({**_figures(found), "failures": found.failures}, indent=1))
    return 1 if found.failures else 0


def measure(options: argparse.Namespace, folder: Path) -> Million:
    """Make the input, run the job, verify and merge it.

    Raises:
        BenchmarkError: the job failed.
    """
    path = write_texts(folder / "in.parquet", options.rows, options.seed)
    out, target = folder / "out", folder / "all.parquet"
    began = time.perf_counter()
    memories = _run(_words(options, path, out), options.every)
    seconds = time.perf_counter() - began
    status, began = job_status(out), time.perf_counter()
    problems, verified = verify_job(out).problems, time.perf_counter()
    merge_job(out, target)
    merged = time.perf_counter()
    return Million(
        rows=options.rows,
        workers=options.workers,
        threads=options.threads,
        shards=status.shards,
        n_tokens=status.n_tokens,
        truncated=status.truncated,
        seconds=round(seconds, 1),
        texts_per_s=round(options.rows / seconds, 1),
        tokens_per_s=round(status.n_tokens / seconds, 1),
        verify_s=round(verified - began, 2),
        merge_s=round(merged - verified, 2),
        input_bytes=path.stat().st_size,
        memories=tuple(memories),
        failures=(*problems, *_wrong_rows(target, options.rows), *_growing(memories)),
    )


def write_texts(path: Path, rows: int, seed: int) -> Path:
    """Short texts, all different: the generator's, each time with another number in front."""
    texts = short_texts(min(rows, GENERATED), seed)
    schema = arrow().schema([("id", arrow().int64()), ("text", arrow().string())])
    with parquet().ParquetWriter(str(path), schema) as writer:
        for start in range(0, rows, len(texts)):
            some = texts[: min(len(texts), rows - start)]
            round_of = [text if start == 0 else f"{start // len(texts)} {text}" for text in some]
            ids = range(start, start + len(some))
            writer.write_table(arrow().table({"id": ids, "text": round_of}, schema=schema))
    return path


def chosen_head(bundle: Path, asked: str | None) -> str | None:
    """The head asked for, else the bundle's first, if it has any."""
    heads = [spec.name for spec in Bundle.open(bundle).manifest.heads]
    return asked or (heads[0] if heads else None)


def _words(options: argparse.Namespace, path: Path, out: Path) -> list[str]:
    head = chosen_head(options.bundle, options.head)
    wanted = ["--embed", "float16"] if head is None else ["--head", head]
    words = ["job", "run", str(options.bundle), str(path), "--out", str(out), "--key", "id", *wanted]
    return [
        *(sys.executable, "-m", "claxon", *words, "--quiet", "--shard-rows", str(options.shard_rows)),
        *("--workers", str(options.workers), "--threads", str(options.threads)),
    ]


def _run(words: list[str], every_s: float) -> list[Memory]:
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        sampler = Sampler(process.pid, every_s)
        with sampler.sampling():
            _, told = process.communicate()
    if process.returncode:
        raise BenchmarkError(f"the job ended with {process.returncode}: {told[-500:]}")
    return sampler.memories


def _wrong_rows(target: Path, rows: int) -> list[str]:
    found: Any = parquet().read_table(str(target), columns=["id"])["id"].combine_chunks()
    is_right = found.equals(arrow().array(range(rows), arrow().int64()))
    return [] if is_right else [f"the merged file has {len(found):,} ids, which are not 0 to {rows - 1:,} in order"]


def _growing(memories: Sequence[Memory]) -> list[str]:
    growth = {memory.name: memory.growth_bytes / MIB for memory in memories}
    return [f"{name} grew by {mib:.0f} MiB" for name, mib in growth.items() if mib > MOST_GROWTH_MIB]


def _figures(found: Million) -> dict[str, Any]:
    figures = {name: value for name, value in asdict(found).items() if name not in ("memories", "failures")}
    memory = {
        memory.name: {"most_MiB": round(memory.most_bytes / MIB), "growth_MiB": round(memory.growth_bytes / MIB, 1)}
        for memory in found.memories
    }
    return {**figures, "memory": memory}


def _write(found: Million, options: argparse.Namespace) -> None:
    options.out.mkdir(parents=True, exist_ok=True)
    bundle = Bundle.open(options.bundle)
    samples = {memory.name: _thinned(memory) for memory in found.memories}
    content = {
        **_figures(found),
        "failures": found.failures,
        "bundle": bundle.path.resolve().name,
        "digest": bundle.digest,
        "machine": asdict(this_machine()),
        "samples": samples,
    }
    with open_output(str(options.out / "million.json")) as stream:
        stream.write((json.dumps(content, indent=1) + "\n").encode())
    machine = this_machine()
    title = f"Resident memory of a job of {found.rows:,} texts"
    note = f"{bundle.path.resolve().name}, {found.workers} workers of {found.threads} threads · {machine.processor}"
    figure_style.save(draw(found.memories, title, note), options.out / "million")


def _thinned(memory: Memory) -> list[tuple[float, float]]:
    """A sample of every so many, in seconds and MiB."""
    step = max(1, len(memory.seconds) // SAMPLES_KEPT)
    pairs = zip(memory.seconds[::step], memory.resident[::step], strict=True)
    return [(at, round(resident / MIB, 1)) for at, resident in pairs]


def job_parser(name: str, about: str, rows: int) -> argparse.ArgumentParser:
    """What the measurements of jobs are told: the bundle, how many texts, how many processes, and where."""
    parser = argparse.ArgumentParser(prog=f"python -m reliability.{name}", description=about)
    parser.add_argument("--bundle", type=Path, metavar="DIR", required=True)
    parser.add_argument("--head", metavar="NAME", help="default: the bundle's first; of none, embeddings")
    parser.add_argument("--rows", type=int, default=rows, metavar="N", help=f"texts (default: {rows:,})")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes (default: 2)")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="of each (default: 1)")
    parser.add_argument("--shard-rows", type=int, default=8192, metavar="N", help="rows a shard (default: 8,192)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the texts (default: 0)")
    parser.add_argument("--folder", type=Path, default=Path(".campaign") / name, metavar="DIR", help="scratch; emptied")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="DIR", help="for the figures")
    return parser


def _parser() -> argparse.ArgumentParser:
    parser = job_parser("million", (__doc__ or "").partition("\n")[0], ROWS)
    parser.add_argument("--every", type=float, default=1.0, metavar="S", help="seconds between samples (default: 1)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
