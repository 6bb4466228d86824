"""Who works in a job's folder; the locks end with the processes that hold them, however they end.

Where there are no locks (``claxon.locks``) nobody is kept out: one job a folder is then the user's to see to.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from claxon.jobs.durable import write_errors
from claxon.jobs.errors import JobLockedError
from claxon.locks import UNSURE, Lock, take

LOCK_NAME = "job.lock"
WORKERS_LOCK_NAME = "workers.lock"


@contextmanager
def job_lock(out: Path) -> Iterator[None]:
    """One job a folder at a time; the folder is made if it is not there.

    Raises:
        JobLockedError: another process holds it.
        JobWriteError: the folder cannot be written to.
    """
    with write_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        (out / LOCK_NAME).touch()
    lock = take(out / LOCK_NAME)
    if lock is None:
        raise JobLockedError(f"another process works in {out}; `claxon job status {out}` says how far it is")
    try:
        yield
    finally:
        lock.release()


def is_locked(out: Path) -> bool:
    """Whether a process works in the folder."""
    path = out / LOCK_NAME
    lock = take(path)
    if lock is not None:
        lock.release()
    return lock is None and path.exists()


def hold_worker_lock(out: Path) -> Lock:
    """Say that a worker is at work: until this process ends, or the lock is released."""
    (out / WORKERS_LOCK_NAME).touch()
    return take(out / WORKERS_LOCK_NAME, is_shared=True, waits=True) or UNSURE


def wait_for_workers(out: Path) -> None:
    """Wait until no worker of an earlier run is left; they end when they see that it was killed."""
    (out / WORKERS_LOCK_NAME).touch()
    lock = take(out / WORKERS_LOCK_NAME, waits=True)
    if lock is not None:
        lock.release()
