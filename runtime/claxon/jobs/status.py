"""How far a job is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from claxon.jobs.markers import done_markers
from claxon.jobs.plan import Plan
from claxon.jobs.storage import is_locked


@dataclass(frozen=True, slots=True)
class JobStatus:
    """How far a job is.

    Attributes:
        out: Its folder.
        bundle: The bundle's folder where it was planned.
        bundle_digest: The bundle's digest.
        is_running: Whether a process of this machine works in the folder.
        files: How many the input has.
        rows: Of the input.
        rows_done: Rows of the shards that are done, bad ones included.
        labelled: Of those, how many are in the parts.
        rejected: How many are in the rejects.
        truncated: How many texts were cut.
        n_tokens: Tokens of the texts so far, before the cut.
        shards: How many there are.
        shards_done: How many of them are done.
        worker_seconds: What they took, over all workers.
    """

    out: Path
    bundle: str
    bundle_digest: str
    is_running: bool
    files: int
    rows: int
    rows_done: int
    labelled: int
    rejected: int
    truncated: int
    n_tokens: int
    shards: int
    shards_done: int
    worker_seconds: float

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return self.shards_done == self.shards


def job_status(out: str | os.PathLike[str]) -> JobStatus:
    """How far the job in a folder is, by its markers.

    Raises:
        JobError: the folder holds no job.
        JobDamagedError: the plan or a marker is not one.
    """
    folder = Path(out)
    plan = Plan.load(folder)
    markers = done_markers(plan, folder).values()
    return JobStatus(
        out=folder,
        bundle=plan.bundle,
        bundle_digest=plan.bundle_digest,
        is_running=is_locked(folder),
        files=len(plan.files),
        rows=plan.rows,
        rows_done=sum(marker.shard.rows for marker in markers),
        labelled=sum(marker.rows for marker in markers),
        rejected=sum(marker.rejected for marker in markers),
        truncated=sum(marker.truncated for marker in markers),
        n_tokens=sum(marker.n_tokens for marker in markers),
        shards=len(plan.shards),
        shards_done=len(markers),
        worker_seconds=sum(marker.seconds for marker in markers),
    )
