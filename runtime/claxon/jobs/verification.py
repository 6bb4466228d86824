"""Is what lies in a job's folder what the job wrote, all of it, and each row once?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from claxon.errors import JobDamagedError, JobInputError
from claxon.formats.arrow import arrow, parquet
from claxon.jobs.inputs import file_sha256
from claxon.jobs.markers import Marker, Written, read_marker
from claxon.jobs.plan import OutputFormat, Plan


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found.

    Attributes:
        out: The job's folder.
        shards: How many the plan has.
        rows: Of the input; where nothing is wrong, ``labelled`` and ``rejected`` add up to it.
        labelled: Rows in the parts.
        rejected: Rows in the rejects.
        missing: Numbers of the shards that are not done.
        damaged: Numbers of the shards whose files are not those that were written.
        problems: What is wrong, in words; empty where nothing is.
    """

    out: Path
    shards: int
    rows: int
    labelled: int
    rejected: int
    missing: tuple[int, ...]
    damaged: tuple[int, ...]
    problems: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing, nothing is there twice, and every file is the one that was written."""
        return not self.problems


def verify_job(out: str | os.PathLike[str]) -> Verification:
    """Compare every file of a job with its marker, and the markers with the plan. All bytes are read.

    Raises:
        JobError: the folder holds no job.
        JobDamagedError: the plan is not one.
    """
    folder = Path(out)
    plan = Plan.load(folder)
    there = set(plan.folder(folder).numbers_done())
    markers: list[Marker] = []
    problems: dict[int, list[str]] = {}
    for shard in plan.shards:
        if shard.number in there:
            problems[shard.number] = _problems_of(plan, folder, shard.number, markers)
    damaged = tuple(number for number, found in problems.items() if found)
    missing = tuple(shard.number for shard in plan.shards if shard.number not in there)
    words = [problem for found in problems.values() for problem in found]
    words += [f"shard {number} is not done" for number in missing] + list(_strangers(plan, folder))
    return Verification(
        out=folder,
        shards=len(plan.shards),
        rows=plan.rows,
        labelled=sum(marker.rows for marker in markers),
        rejected=sum(marker.rejected for marker in markers),
        missing=missing,
        damaged=damaged,
        problems=tuple(words),
    )


def forget_damaged(out: str | os.PathLike[str], verification: Verification) -> None:
    """Remove the markers of damaged shards, so that the next run does them again."""
    plan = Plan.load(Path(out))
    for number in verification.damaged:
        plan.folder(Path(out)).marker(number).unlink(missing_ok=True)


def _problems_of(plan: Plan, out: Path, number: int, markers: list[Marker]) -> list[str]:
    """What is wrong with a shard that has a marker, which is put to the others."""
    folder = plan.folder(out)
    try:
        marker = read_marker(plan, out, number)
    except JobDamagedError as error:
        return [str(error)]
    markers.append(marker)
    problems = list(_file_problems(folder.part(number), marker.part))
    if not problems:
        problems += _count_problems(folder.part(number), marker.rows, plan.options.output_format)
    rejects = folder.rejected(number)
    if marker.rejects is None:
        return problems + ([f"{rejects} belongs to no marker"] if rejects.exists() else [])
    wrong = list(_file_problems(rejects, marker.rejects))
    return problems + (wrong or _count_problems(rejects, marker.rejected, OutputFormat.JSONL))


def _file_problems(path: Path, written: Written) -> Iterator[str]:
    if not path.is_file():
        yield f"{path} is missing"
    elif path.stat().st_size != written.size_bytes:
        yield f"{path} has {path.stat().st_size:,} bytes, its marker says {written.size_bytes:,}"
    else:
        try:
            if file_sha256(path) != written.sha256:
                yield f"{path} has other bytes than its marker says (SHA-256)"
        except JobInputError as error:
            yield str(error)


def _count_problems(path: Path, rows: int, output_format: OutputFormat) -> list[str]:
    found = count_rows(path, output_format)
    return [] if found == rows else [f"{path} has {found:,} rows, its marker says {rows:,}"]


def count_rows(path: Path, output_format: OutputFormat) -> int:
    """Rows of a part."""
    if output_format is OutputFormat.PARQUET:
        try:
            return int(parquet().read_metadata(str(path)).num_rows)
        except (OSError, arrow().ArrowException):
            return 0
    with path.open("rb") as stream:
        return sum(1 for _ in stream)


def _strangers(plan: Plan, out: Path) -> Iterator[str]:
    """Files that no shard of the plan has: a reader of the whole folder would read them too."""
    folder = plan.folder(out)
    numbers = range(len(plan.shards))
    known: set[Path] = set()
    for path_of in (folder.part, folder.rejected, folder.marker):
        known |= {path_of(number) for number in numbers}
    for path in sorted(path for place in folder.folders if place.is_dir() for path in place.iterdir()):
        if path not in known:
            yield f"{path} belongs to no shard"
    done = set(folder.numbers_done())
    for number in numbers:
        if number not in done and folder.part(number).exists():
            yield f"{folder.part(number)} has no marker"
