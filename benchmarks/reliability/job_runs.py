"""Jobs for campaigns: an input, the command that labels it, and what is read of its folder."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claxon.formats.arrow import arrow, parquet
from claxon.jobs.plan import Plan
from claxon.storage.atomic import SUFFIX

WORDS = ("good", "great", "bad", "awful", "love", "hate", "book", "film", "phone", "food", "room", "today")
TAIL_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class JobRun:
    """A job to be run: a bundle, a file, a folder, and how."""

    bundle: Path
    path: Path
    out: Path
    shard_rows: int
    workers: int = 2
    head: str = "sentiment"

    @property
    def words(self) -> list[str]:
        """The command."""
        return [
            *(sys.executable, "-m", "claxon", "job", "run", str(self.bundle), str(self.path)),
            *("--out", str(self.out), "--head", self.head, "--key", "id", "--shard-rows", str(self.shard_rows)),
            *("--workers", str(self.workers), "--threads", "1", "--quiet"),
        ]

    @contextmanager
    def started(self) -> Iterator[subprocess.Popen[str]]:
        """The command at work; it is killed when the block ends."""
        with subprocess.Popen(self.words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                process.kill()

    def complaint(self, process: subprocess.Popen[str]) -> str | None:
        """Wait for the end; what went wrong, if anything."""
        _, told = process.communicate()
        return None if process.returncode == 0 else f"ended with {process.returncode}: {told[-TAIL_CHARACTERS:]}"

    def finish(self) -> str | None:
        """Run to the end; what went wrong, if anything."""
        with self.started() as process:
            return self.complaint(process)


def write_input(path: Path, rows: int, seed: int) -> Path:
    """Short texts, each with a word of its own so that no two are equal."""
    draw = random.Random(seed)
    texts = [f"{' '.join(draw.choices(WORDS, k=draw.randint(1, 6)))} {row}" for row in range(rows)]
    parquet().write_table(arrow().table({"id": range(rows), "text": texts}), str(path))
    return path


def rows_of(out: Path) -> Any:
    """The rows of all parts in order, an Arrow table."""
    paths = sorted((out / "parts").glob("part-*.parquet"))
    return arrow().concat_tables([parquet().read_table(str(path)) for path in paths])


def markers_of(out: Path) -> dict[str, bytes]:
    """The markers by name, as they are."""
    return {path.name: path.read_bytes() for path in sorted((out / "done").glob("*.json"))}


def handed_out(plan: Plan, out: Path, workers: int) -> set[int]:
    """All shards that workers may have been given by now: they are given in order."""
    last = max(plan.folder(out).numbers_done(), default=-1)
    return {shard.number for shard in plan.shards if shard.number <= last + workers}


def shards_broken_off(out: Path) -> set[str]:
    """Shards that were begun and are not done: their work is lost."""
    if not (out / "job.json").exists():
        return set()
    plan = Plan.load(out)
    folder = plan.folder(out)
    begun = {path.name[1:].partition(".")[0] for path in folder.parts.glob(f".*{SUFFIX}")}
    begun |= {path.stem for path in folder.parts.glob("part-*")}
    begun |= {path.name[1:].partition(".")[0] for path in folder.done.glob(f".*{SUFFIX}")}
    return begun - {path.stem for path in folder.done.glob("part-*.json")}
