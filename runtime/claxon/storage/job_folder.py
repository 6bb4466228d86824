"""A job's files: written atomically, safe against power loss, with their SHA-256."""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from claxon.errors import JobLockedError, JobWriteError, OutputError
from claxon.storage.atomic import whole_file
from claxon.storage.locks import UNSURE, Lock, acquire

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

AGAIN = "what is done stays done: free the way and run the same command again"


class HashedStream(io.RawIOBase):
    """Writes to another stream, which stays open, and computes the SHA-256 and size of the content."""

    def __init__(self, stream: BinaryIO) -> None:
        """Write into ``stream``, from its start to its end."""
        self._stream = stream
        self._sha256 = hashlib.sha256()
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        """The SHA-256 of everything written so far, in lower-case hexadecimal."""
        return self._sha256.hexdigest()

    def writable(self) -> bool:
        """Return ``True``."""
        return True

    def tell(self) -> int:
        """Bytes written so far."""
        return self.size_bytes

    def write(self, content: ReadableBuffer, /) -> int:
        """Write all of ``content``, which may be any buffer."""
        view = memoryview(content).cast("B")
        self._stream.write(view)
        self._sha256.update(view)
        self.size_bytes += len(view)
        return len(view)

    def flush(self) -> None:
        """Flush the underlying stream."""
        if not self._stream.closed:
            self._stream.flush()


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[HashedStream]:
    """Open a file for atomic writing; it is on the disk when the block ends without an error.

    Two processes may make the same file at once: each writes under a name of its own, the last to end wins. What a
    killed one leaves is removed when a run begins and ends (``claxon.storage.atomic.remove_abandoned``).

    Raises:
        JobWriteError: it cannot be written; nothing of it stays.
    """
    with write_errors(path), whole_file(path, tidies=False) as stream:
        yield HashedStream(stream)


def write_durably(path: Path, content: bytes) -> None:
    """Write a small file atomically and flush it to the disk.

    Raises:
        JobWriteError: it cannot be written.
    """
    with new_file(path) as stream:
        stream.write(content)


@contextlib.contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Turn system errors while ``path`` is written into errors that name it.

    Raises:
        JobWriteError: for any ``OSError`` of the block.
    """
    try:
        yield
    except JobWriteError:
        raise
    except OutputError as error:  # it names the file already
        raise JobWriteError(f"{error}; {AGAIN}") from error
    except OSError as error:
        raise JobWriteError(f"{path} could not be written: {error.strerror or error}; {AGAIN}") from error


LOCK_NAME = "job.lock"
WORKERS_LOCK_NAME = "workers.lock"


@contextmanager
def job_lock(out: Path) -> Iterator[None]:
    """Allow one job per folder at a time; create the folder if it does not exist.

    Raises:
        JobLockedError: another process holds it.
        JobWriteError: the folder cannot be written to.
    """
    with write_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        (out / LOCK_NAME).touch()
    lock = acquire(out / LOCK_NAME)
    if lock is None:
        raise JobLockedError(f"another process works in {out}; `claxon job status {out}` says how far it is")
    try:
        yield
    finally:
        lock.release()


def is_locked(out: Path) -> bool:
    """Whether a process is working in the folder."""
    path = out / LOCK_NAME
    lock = acquire(path)
    if lock is not None:
        lock.release()
    return lock is None and path.exists()


def hold_worker_lock(out: Path) -> Lock:
    """Hold the lock of a running worker until this process ends or the lock is released."""
    (out / WORKERS_LOCK_NAME).touch()
    return acquire(out / WORKERS_LOCK_NAME, is_shared=True, waits=True) or UNSURE


def wait_for_workers(out: Path) -> None:
    """Wait until all workers of an earlier run have ended, which they do when they notice that it was killed."""
    (out / WORKERS_LOCK_NAME).touch()
    lock = acquire(out / WORKERS_LOCK_NAME, waits=True)
    if lock is not None:
        lock.release()


PLAN_NAME = "job.json"


@dataclass(frozen=True, slots=True)
class JobFolder:
    """The paths below a job's folder; ``suffix`` is that of its parts, such as ``.parquet``."""

    path: Path
    suffix: str

    @property
    def parts(self) -> Path:
        """The folder of the parts."""
        return self.path / "parts"

    @property
    def rejects(self) -> Path:
        """The folder of the rejected rows."""
        return self.path / "rejects"

    @property
    def done(self) -> Path:
        """The folder of the markers."""
        return self.path / "done"

    @property
    def folders(self) -> tuple[Path, ...]:
        """All three."""
        return self.parts, self.rejects, self.done

    def part(self, number: int) -> Path:
        """The path of a shard's part."""
        return self.parts / f"{_stem(number)}{self.suffix}"

    def rejected(self, number: int) -> Path:
        """The path of a shard's rejected rows."""
        return self.rejects / f"{_stem(number)}.jsonl"

    def marker(self, number: int) -> Path:
        """The path of the marker of a finished shard."""
        return self.done / f"{_stem(number)}.json"

    def numbers_done(self) -> list[int]:
        """Return the numbers of the finished shards, in order."""
        stems = (path.stem.removeprefix("part-") for path in self.done.glob("part-*.json"))
        return sorted(int(stem) for stem in stems if stem.isdecimal())


def _stem(number: int) -> str:
    return f"part-{number:06d}"
