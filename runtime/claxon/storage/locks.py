"""Locks of files and folders. They end with the process that holds them.

They are for Claxon's own writers (flock): other programs neither see them nor are kept out. Windows has none, and some
network file systems have none; what is written there is as whole, but what a killed writer left is not tidied up.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

if sys.platform != "win32":
    import fcntl

PAUSE_S = 0.01


@dataclass(frozen=True, slots=True)
class Lock:
    """What ``take`` gives.

    Attributes:
        descriptor: Holds it until it is closed; ``None`` where there are no locks, so that nothing is sure.
    """

    descriptor: int | None

    @property
    def is_sure(self) -> bool:
        """Whether the lock excludes other processes."""
        return self.descriptor is not None

    def release(self) -> None:
        """Release the lock."""
        if self.descriptor is not None:
            os.close(self.descriptor)


UNSURE = Lock(None)


def acquire(path: Path, *, is_shared: bool = False, waits: bool = False) -> Lock | None:
    """Lock a file or folder, but not a link; return ``None`` if another process has it or nothing is there.

    Args:
        path: What is locked.
        is_shared: With others who share it, and while nobody has it alone.
        waits: Until it can be had.
    """
    if sys.platform == "win32":
        return UNSURE
    # NFS locks for one alone only what may be written to.
    access = os.O_RDONLY if path.is_dir() else os.O_RDWR
    try:
        # Non-blocking: to open a named pipe would wait for its other end.
        descriptor = os.open(path, access | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError:
        return UNSURE
    kind = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
    lock = _locked(descriptor, path, kind if waits else kind | fcntl.LOCK_NB)
    if lock is None or not lock.is_sure:
        os.close(descriptor)
    return lock


def _locked(descriptor: int, path: Path, operation: int) -> Lock | None:
    try:
        fcntl.flock(descriptor, operation)
        # Between opening and locking, another may have had it, and removed what was there.
        is_there = os.path.samestat(os.fstat(descriptor), path.stat(follow_symlinks=False))
    except (BlockingIOError, FileNotFoundError):
        return None
    except OSError:
        return UNSURE
    return Lock(descriptor) if is_there else None


@contextmanager
def exclusive(path: Path, *, wait_s: float) -> Iterator[None]:
    """Create and hold a lock file, waiting for other holders, and remove it afterwards.

    Raises:
        TimeoutError: it was held by others all the time.
        OSError: it cannot be made.
    """
    deadline = time.monotonic() + wait_s
    while (lock := _made(path)) is None:
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(PAUSE_S)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()  # while it is held: who waits for it sees that it is gone, and makes another
        lock.release()


def _made(path: Path) -> Lock | None:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o666))
    return acquire(path)
