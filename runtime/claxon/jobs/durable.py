"""A job's files: whole or not at all, even after a power cut, and with the SHA-256 of what went into them."""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from claxon.errors import OutputError
from claxon.jobs.errors import JobWriteError
from claxon.whole_files import whole_file

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

AGAIN = "what is done stays done: free the way and run the same command again"


class HashedStream(io.RawIOBase):
    """Writes into another stream, which it leaves open; knows the SHA-256 and the size of what went into it."""

    def __init__(self, stream: BinaryIO) -> None:
        """Write into ``stream``, from its start to its end."""
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


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[HashedStream]:
    """A stream to write to; the file is there, and on the disk, when the block ends well.

    Two processes may make the same file at once: each writes under a name of its own, the last to end wins. What a
    killed one leaves is removed when a run begins and ends (``claxon.whole_files.remove_abandoned``).

    Raises:
        JobWriteError: it cannot be written; nothing of it stays.
    """
    with write_errors(path), whole_file(path, tidies=False) as stream:
        yield HashedStream(stream)


def write_durably(path: Path, content: bytes) -> None:
    """A small file, whole and on the disk.

    Raises:
        JobWriteError: it cannot be written.
    """
    with new_file(path) as stream:
        stream.write(content)


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
    except OutputError as error:  # it names the file already
        raise JobWriteError(f"{error}; {AGAIN}") from error
    except OSError as error:
        raise JobWriteError(f"{path} could not be written: {error.strerror or error}; {AGAIN}") from error
