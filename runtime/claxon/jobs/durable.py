"""Files that are there whole or not at all, even after a power cut.

A file is written under another name beside its own, flushed to the disk and renamed; then the folder is flushed, which
makes the rename last.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self
from uuid import uuid4

from claxon.jobs.errors import JobWriteError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

UNFINISHED = ".unfinished"


class HashedStream(io.RawIOBase):
    """A file that is written from start to end; knows the SHA-256 and the size of what went into it."""

    def __init__(self, stream: IO[bytes]) -> None:
        """Write into ``stream``, which is closed with this."""
        self._stream = stream
        self._sha256 = hashlib.sha256()
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        """Of all that was written so far, lower-case hexadecimal."""
        return self._sha256.hexdigest()

    def writable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Bytes written so far."""
        return self.size_bytes

    def write(self, content: ReadableBuffer, /) -> int:
        """All of ``content``, whatever buffer it is."""
        view = memoryview(content).cast("B")
        self._stream.write(view)
        self._sha256.update(view)
        self.size_bytes += len(view)
        return len(view)

    def flush(self) -> None:
        """Hand all to the system."""
        if not self._stream.closed:
            self._stream.flush()

    def close(self) -> None:
        """Close the file too."""
        if not self.closed:
            self._stream.close()
        super().close()


class NewFile:
    """A file in the making: ``stream`` to write into, ``publish`` at the end; without that nothing stays of it.

    Two processes may make the same file at once: each writes under a name of its own, the last to publish wins.
    """

    def __init__(self, path: Path) -> None:
        """Begin ``path``.

        Raises:
            OSError: its folder cannot be written to.
        """
        self.path = path
        self._unfinished = path.with_name(f".{path.name}.{uuid4().hex[:12]}{UNFINISHED}")
        self.stream = HashedStream(self._unfinished.open("xb"))

    def publish(self) -> None:
        """Flush to the disk and give the file its name; the folder is flushed by ``flush_folder``."""
        self.stream.flush()
        with self._unfinished.open("rb+") as stream:
            os.fsync(stream.fileno())
        self.stream.close()
        self._unfinished.replace(self.path)

    def discard(self) -> None:
        """Remove what was written, unless it was published."""
        with contextlib.suppress(OSError):  # the disk is full, and what could not be written is not wanted
            self.stream.close()
        self._unfinished.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        """The file itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Publish after success, discard in any case."""
        try:
            if kind is None:
                self.publish()
        finally:
            self.discard()


def write_durably(path: Path, content: bytes) -> None:
    """A small file, whole and on the disk.

    Raises:
        JobWriteError: it cannot be written.
    """
    with write_errors(path), NewFile(path) as file:
        file.stream.write(content)
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Make the names in a folder last."""
    # Windows cannot open a folder, and some network file systems cannot flush one.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_unfinished(folder: Path) -> int:
    """Remove what processes left that were killed; how many files."""
    left = list(folder.glob(f".*{UNFINISHED}"))
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


@contextlib.contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """What the system says while ``path`` is written, as an error that names it.

    Raises:
        JobWriteError: for any ``OSError`` of the block.
    """
    try:
        yield
    except JobWriteError:
        raise
    except OSError as error:
        raise JobWriteError(
            f"{path} could not be written: {error.strerror or error}; what is done stays done: "
            "free the way and run the same command again"
        ) from error
