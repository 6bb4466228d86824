"""The parts of a job -> one file, in the order of the input."""

from __future__ import annotations

import os
import shutil
from io import RawIOBase
from pathlib import Path

from claxon.errors import JobDamagedError, OptionError
from claxon.formats.arrow import parquet
from claxon.jobs.parquet_source import damage_told
from claxon.jobs.parts import part_writer
from claxon.jobs.plan import OutputFormat, Plan
from claxon.jobs.schema import output_schema
from claxon.jobs.storage import new_file
from claxon.jobs.verification import verify_job

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
