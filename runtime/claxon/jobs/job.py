"""Run a job: plan it or go on with it, have its shards done, and say what came of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

from claxon.bundle.bundle import Bundle
from claxon.errors import OptionError
from claxon.jobs.executor import Executor, LocalExecutor
from claxon.jobs.inputs import stamp
from claxon.jobs.parts import done_markers
from claxon.jobs.plan import Plan
from claxon.jobs.planning import JobRequest, PlanRequest, check_no_other_folder, plan_job
from claxon.jobs.progress import JobProgress
from claxon.storage.atomic import remove_abandoned
from claxon.storage.job_folder import PLAN_NAME, job_lock, wait_for_workers
from claxon.support.progress import progress
from claxon.support.validation import count


@dataclass(frozen=True, slots=True)
class JobResult:
    """What a job came to, all runs together.

    Attributes:
        out: The job's folder.
        rows: Of the input.
        labelled: Of those, how many were labelled, or embedded.
        rejected: How many are in the rejects.
        truncated: How many texts were cut.
        n_tokens: Tokens of all texts before the cut.
        shards: How many there are.
        skipped: How many of them were done before this run.
        seconds: That this run took, planning left out.
        missing: How many are in the parts without a label: they have no text.
    """

    out: Path
    rows: int
    labelled: int
    rejected: int
    truncated: int
    n_tokens: int
    shards: int
    skipped: int
    seconds: float
    missing: int = 0


def run_job(
    bundle: str | os.PathLike[str],
    inputs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    max_rejects: int | None = None,
    workers: int = 1,
    threads: int | None = None,
    expected_digest: str | None = None,
    show_progress: bool = False,
    executor: Executor | None = None,
    **request: Unpack[JobRequest],
) -> JobResult:
    """Label files of texts, shard by shard; what is done stays done, and the same call goes on from there.

    Call it under ``if __name__ == "__main__":`` in a script: the workers are processes that read the script again.

    Args:
        bundle: The bundle's folder.
        inputs: Files, globs and folders: Parquet, CSV, TSV, JSON lines or JSON; the text ones also ``.gz``, ``.zst``.
        out: The job's folder, made if it is not there.
        max_rejects: Bad rows that are let pass before the job stops; ``None`` for one in a hundred of all rows.
        workers: Processes.
        threads: Of each worker; ``None``: what affinity and quota allow, shared out.
        expected_digest: As for ``claxon.load``.
        show_progress: Tell on standard error how far it is.
        executor: Has the shards done instead of processes of this machine.
        request: What is written. ``text``: the column of the texts (``"text"``). ``heads``: one or several; the only
            one where none is given, none with ``embed``. ``embed``: ``"float32"`` or ``"float16"`` writes embeddings,
            of ``feature`` or the bundle's own. ``keep``: the input's columns to keep (all). ``input_format``:
            ``"parquet"``, ``"csv"``, ``"tsv"`` or ``"jsonl"`` (by suffix). ``output_format``: ``"parquet"`` or
            ``"jsonl"``. ``prefix``: before the names of added columns. ``shard_rows``: rows a shard (8,192).
            ``encoding``, ``quoting``: of text files, as for ``claxon predict``. ``empty``: ``"skip"`` gives a row
            whose text is null, empty or blank no label, ``"error"`` ends the work there, ``"label"`` labels it.
            ``threshold``, ``margin``, ``device``, ``precision``, ``max_tokens``, ``batch_size``: as elsewhere.

    Raises:
        JobError: its kinds stand in ``claxon.errors``.
        BundleError, OptionError, DeviceError, EngineError, MissingDependencyError: as ``claxon.load``.
    """
    folder = Path(out).absolute()
    n_workers = count("workers", workers, none_means="one") or 1
    n_threads = count("threads", threads, none_means="the machine's, shared out")
    if max_rejects is not None and max_rejects < 0:
        raise OptionError(f"max_rejects is {max_rejects}, expected 0 or more, or None for one row in a hundred")
    opened = Bundle.open(bundle, expected_digest=expected_digest)
    names = [inputs] if isinstance(inputs, str | os.PathLike) else list(inputs)
    asked = PlanRequest.from_request(opened, names, folder, request)
    check_no_other_folder(folder)
    with job_lock(folder):
        wait_for_workers(folder)
        plan = _planned(asked, folder, is_shown=show_progress)
        tally = JobProgress(plan, done_markers(plan, folder).values(), max_rejects=max_rejects, is_shown=show_progress)
        _do(plan, folder, LocalExecutor(n_workers, n_threads) if executor is None else executor, tally)
    return _result(folder, plan, tally)


def _planned(asked: PlanRequest, out: Path, *, is_shown: bool) -> Plan:
    """The plan; where it is made anew, every input is read once, which is told on a terminal."""
    total = sum(stamp(source.path).size_bytes for source in asked.sources)
    is_new = not (out / PLAN_NAME).exists()
    with progress(total, unit="B", is_shown=is_shown and is_new and sys.stderr.isatty()) as bar:
        return plan_job(asked, out, lambda source: bar.update(stamp(source.path).size_bytes))


def _do(plan: Plan, out: Path, executor: Executor, tally: JobProgress) -> None:
    """Have what is left done; of what is broken off nothing stays."""
    tally.check_rejects()
    left = tally.left()
    _sweep(plan, out, {shard.number for shard in left})
    try:
        with tally.shown():
            if left:
                executor.run(plan, out, left, tally)
    finally:
        for folder in plan.folder(out).folders:
            remove_abandoned(folder)
    tally.check_failures()


def _sweep(plan: Plan, out: Path, left: set[int]) -> None:
    """Remove what earlier runs left of shards that are not done: a reader of all parts would read it twice."""
    folder = plan.folder(out)
    for place in folder.folders:
        remove_abandoned(place)
    for number in left:
        for path in (folder.marker(number), folder.part(number), folder.rejected(number)):
            path.unlink(missing_ok=True)


def _result(out: Path, plan: Plan, tally: JobProgress) -> JobResult:
    markers = [*tally.before, *tally.done]
    return JobResult(
        out=out,
        rows=plan.rows,
        labelled=sum(marker.rows - marker.missing for marker in markers),
        missing=sum(marker.missing for marker in markers),
        rejected=sum(marker.rejected for marker in markers),
        truncated=sum(marker.truncated for marker in markers),
        n_tokens=sum(marker.n_tokens for marker in markers),
        shards=len(plan.shards),
        skipped=len(tally.before),
        seconds=tally.seconds,
    )
