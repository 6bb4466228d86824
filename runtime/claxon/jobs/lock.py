"""Locks that end with the process that holds them, however it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from claxon.jobs.durable import write_errors
from claxon.jobs.errors import JobLockedError

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
        descriptor = _opened(out / LOCK_NAME)
    try:
        if not _try_lock(descriptor, is_shared=False):
            raise JobLockedError(f"another process works in {out}; `claxon job status {out}` says how far it is")
        yield
    finally:
        os.close(descriptor)


def is_locked(out: Path) -> bool:
    """Whether a process works in the folder."""
    try:
        descriptor = os.open(out / LOCK_NAME, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _try_lock(descriptor, is_shared=False)
    finally:
        os.close(descriptor)


def hold_worker_lock(out: Path) -> int:
    """Say, until this process ends, that a worker is at work; the descriptor."""
    descriptor = _opened(out / WORKERS_LOCK_NAME)
    _wait_lock(descriptor, is_shared=True)
    return descriptor


def wait_for_workers(out: Path) -> None:
    """Wait until no worker of an earlier run is left; they end when they see that it was killed."""
    descriptor = _opened(out / WORKERS_LOCK_NAME)
    try:
        _wait_lock(descriptor, is_shared=False)
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int, *, is_shared: bool) -> bool:
        """Windows locks bytes, and has no shared locks: the workers there take none."""
        if is_shared:
            return True
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _wait_lock(descriptor: int, *, is_shared: bool) -> None:
        _try_lock(descriptor, is_shared=is_shared)

else:
    import fcntl

    def _try_lock(descriptor: int, *, is_shared: bool) -> bool:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _wait_lock(descriptor: int, *, is_shared: bool) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX)
