"""Jobs: files of texts in, files of labels out, shard by shard; what is done stays done.

>>> from claxon.jobs import run_job
>>> if __name__ == "__main__":
...     run_job("my-bundle", "reviews/*.parquet", "labelled", text="review", heads="sentiment", workers=4)
"""

from __future__ import annotations

from claxon.errors import (
    JobDamagedError,
    JobError,
    JobInputError,
    JobLockedError,
    JobMismatchError,
    JobRejectsError,
    JobWorkerError,
    JobWriteError,
)
from claxon.jobs.job import JobResult, run_job
from claxon.jobs.parts import Marker, pending
from claxon.jobs.plan import Plan, Shard
from claxon.jobs.progress import JobStatus, job_status
from claxon.jobs.runner import ShardRunner
from claxon.jobs.verification import Verification, merge_job, verify_job

__all__ = [
    "JobDamagedError",
    "JobError",
    "JobInputError",
    "JobLockedError",
    "JobMismatchError",
    "JobRejectsError",
    "JobResult",
    "JobStatus",
    "JobWorkerError",
    "JobWriteError",
    "Marker",
    "Plan",
    "Shard",
    "ShardRunner",
    "Verification",
    "job_status",
    "merge_job",
    "pending",
    "run_job",
    "verify_job",
]
