"""Is what lies in a job's folder what the job wrote, all of it, and each row once?"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path

from claxon.errors import JobDamagedError, JobInputError, OptionError
from claxon.formats.arrow import arrow, parquet
from claxon.jobs.inputs import file_sha256
from claxon.jobs.parquet_source import damage_told
from claxon.jobs.parts import Marker, Written, part_writer, read_marker
from claxon.jobs.plan import OutputFormat, Plan
from claxon.jobs.sources import output_schema
from claxon.storage.job_folder import new_file


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found.

    Attributes:
        out: The job's folder.
        shards: How many the plan has.
        rows: Of the input; where all is well, ``labelled`` and ``rejected`` add up to it.
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


MAX_NAMED = 3


def merge_job(out: str | os.PathLike[str], target: str | os.PathLike[str]) -> int:
    """Write the rows of all parts into one file, whole or not at all; how many rows.

    Args:
        out: The job's folder; the job is done and verified first.
        target: A name that ends as the parts' do, in ``.parquet`` or ``.jsonl``.

    Raises:
        JobError: the folder holds no job.
        JobDamagedError: shards are missing, or files are not those that were written.
        OptionError: the target's name tells another format.
        JobWriteError: the target cannot be written.
    """
    folder, path = Path(out), Path(target)
    plan = Plan.load(folder)
    if path.suffix.lower() != plan.folder(folder).suffix:
        raise OptionError(f"{path} does not end in {plan.folder(folder).suffix}, as the parts do")
    verification = verify_job(folder)
    if not verification.is_whole:
        raise JobDamagedError(_refusal(verification.problems))
    with new_file(path.absolute()) as stream:
        if plan.options.output_format is OutputFormat.PARQUET:
            _join_parquet(plan, folder, stream)
        else:
            _join_lines(plan, folder, stream)
    return verification.labelled


def _refusal(problems: tuple[str, ...]) -> str:
    more = f"; and {len(problems) - MAX_NAMED} more" if len(problems) > MAX_NAMED else ""
    return f"the job is not whole: {'; '.join(problems[:MAX_NAMED])}{more}; run it again first"


def _join_parquet(plan: Plan, out: Path, stream: RawIOBase) -> None:
    folder = plan.folder(out)
    with part_writer(stream, output_schema(plan), plan.options.output_format) as writer:
        for shard in plan.shards:
            path = folder.part(shard.number)
            with damage_told(path, "its rows"), parquet().ParquetFile(str(path), pre_buffer=False) as part:
                for batch in part.iter_batches(use_threads=False):
                    writer.write(batch)


def _join_lines(plan: Plan, out: Path, stream: RawIOBase) -> None:
    folder = plan.folder(out)
    for shard in plan.shards:
        with folder.part(shard.number).open("rb") as part:
            shutil.copyfileobj(part, stream)
