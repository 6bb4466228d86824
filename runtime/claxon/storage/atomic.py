"""Atomic file writes, and cleanup after killed writers."""

from __future__ import annotations

import errno
import io
import os
import re
import secrets
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from claxon.errors import OutputError
from claxon.storage.locks import Lock, acquire

NAME_CHARACTERS = 32  # of the target's name in the unfinished file's: a file's name has 255 bytes at most
SUFFIX = ".unfinished"
TOKEN = "[a-z0-9_]{8}"
USUAL, PRIVATE = 0o666, 0o600  # as open as the user makes files, or closed to others
NOT_FOR_THIS = {errno.EINVAL, errno.ENOTSUP}


@contextmanager
def whole_file(
    path: Path, *, name: str | None = None, mode: int = USUAL, is_flushed: bool = True, tidies: bool = True
) -> Iterator[BinaryIO]:
    """Open a file for atomic writing: the target is replaced when the block ends without an error.

    What is written lies beside the target under another name until then. What a killed process left of the same target
    is removed.

    Args:
        path: The target.
        name: What errors call it; ``None`` is the path.
        mode: Permissions, as for ``os.open``; a file that is replaced keeps what it withholds from others.
        is_flushed: Wait until the disk has it, so that a loss of power cannot leave a file without its content.
        tidies: Look for what killed processes left. ``False`` where the folder's owner does that now and then: to list
            a folder of thousands for each new file would cost more than the file.

    Raises:
        OutputError: it cannot be written.
    """
    told = str(path) if name is None else name
    if tidies:
        remove_abandoned(path.parent, path.name)
    with _writing(told):
        unfinished = _unfinished(path, mode & _allowed(path))
    try:
        with io.BufferedWriter(NamedFile(unfinished.path, told, "; nothing was changed")) as stream:
            yield stream
            stream.flush()
            if is_flushed:
                with _writing(told):
                    flush(stream.fileno())
        with _writing(told):
            _put_in_place(unfinished.path, path, told)
        if is_flushed:
            flush_folder(path.parent)
    finally:
        with suppress(OSError):
            unfinished.path.unlink(missing_ok=True)
        unfinished.lock.release()


def try_out(path: Path, name: str) -> None:
    """Make an unfinished file of a target's, and remove it.

    Raises:
        OutputError: it cannot be made.
    """
    with _writing(name):
        unfinished = _unfinished(path, PRIVATE)
    with suppress(OSError):
        unfinished.path.unlink(missing_ok=True)
    unfinished.lock.release()


def _put_in_place(unfinished: Path, path: Path, name: str) -> None:
    """Give the file its name; where a mount keeps the target from being replaced, write into it instead."""
    try:
        unfinished.replace(path)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        warnings.warn(f"{name} cannot be replaced, so it is written in place", UserWarning, stacklevel=4)
        shutil.copyfile(unfinished, path)


class NamedFile(io.FileIO):
    """A file for writing whose errors tell its name, and are ``OutputError``; a pipe without a reader stays one."""

    def __init__(self, path: Path, name: str, ending: str = "") -> None:
        self._told, self._ending = name, ending
        try:
            super().__init__(path, "wb")
        except OSError as error:
            raise _output_error(name, error, ending) from error

    def write(self, content: object, /) -> int:
        """Write some of the bytes; return how many."""
        try:
            return super().write(cast(bytes, content))
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _output_error(self._told, error, self._ending) from error


def remove_abandoned(folder: Path, name: str | None = None) -> None:
    """Remove unfinished files of processes that have ended, for one target or for all in the folder."""
    prefix = ".*" if name is None else re.escape(name[:NAME_CHARACTERS])
    for path in siblings(folder, re.compile(rf"\.{prefix}\.{TOKEN}{re.escape(SUFFIX)}")):
        lock = acquire(path)
        if lock is None:
            continue
        if lock.is_sure and path.is_file():
            with suppress(OSError):
                path.unlink()
        lock.release()


def siblings(folder: Path, pattern: re.Pattern[str]) -> list[Path]:
    """List the files in a folder whose names match a pattern; empty if it cannot be listed."""
    try:
        return [path for path in folder.iterdir() if pattern.fullmatch(path.name)]
    except OSError:
        return []


def flush(descriptor: int) -> None:
    """Flush a file to the disk, where the file system supports it."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in NOT_FOR_THIS:
            raise


def flush_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk, where the file system supports it."""
    # Windows cannot open a folder, and some network file systems cannot flush one.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@dataclass(frozen=True, slots=True)
class _Unfinished:
    path: Path
    lock: Lock


def _allowed(target: Path) -> int:
    """Return the permissions of the file to replace; the new file is never more open. Its owner can always write."""
    try:
        return target.stat().st_mode | PRIVATE
    except OSError:
        return USUAL


def _unfinished(target: Path, mode: int) -> _Unfinished:
    """Create a locked temporary file, which cleanup by other processes leaves alone."""
    while True:
        path = target.with_name(f".{target.name[:NAME_CHARACTERS]}.{secrets.token_hex(4)}{SUFFIX}")
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
        lock = acquire(path)
        if lock is not None:  # else somebody tidied up between the two lines above
            return _Unfinished(path, lock)


@contextmanager
def _writing(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _output_error(name, error, "; nothing was changed") from error


def _output_error(name: str, error: OSError, ending: str) -> OutputError:
    return OutputError(f"{name} could not be written: {error.strerror or error}{ending}")
