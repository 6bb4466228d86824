"""Every error that a job raises on purpose, beside those of ``claxon.errors``.

ClaxonError
└── JobError                     (RuntimeError)  the job cannot go on; the shards that are done stay done
    ├── JobInputError            (ValueError)  an input cannot be read, or has other columns than the first
    ├── JobMismatchError         (ValueError)  the folder's job has another bundle, other options or other inputs
    ├── JobLockedError           another process works in the folder
    ├── JobRejectsError          (ValueError)  more rows could not be labelled than are allowed
    ├── JobWriteError            (OSError)  the folder cannot be written to: a full disk, for instance
    ├── JobWorkerError           a shard ended its worker again and again
    └── JobDamagedError          (ValueError)  shards are missing, or their files are not those that were written
"""

from __future__ import annotations

from claxon.errors import ClaxonError


class JobError(ClaxonError, RuntimeError):
    """The job cannot go on; the shards that are done stay done, and the same command goes on from them."""


class JobInputError(JobError, ValueError):
    """An input is not there, is damaged, was changed since the job was planned, or has other columns."""


class JobMismatchError(JobError, ValueError):
    """The folder holds another job; the message says what differs."""


class JobLockedError(JobError):
    """Another process works in the folder."""


class JobRejectsError(JobError, ValueError):
    """More rows could not be labelled than are allowed."""


class JobWriteError(JobError, OSError):
    """The folder cannot be written to."""


class JobWorkerError(JobError):
    """A worker died, and so did those that took its place."""


class JobDamagedError(JobError, ValueError):
    """What lies in the folder is not what the job wrote, or not all of it."""
