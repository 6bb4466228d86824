"""A folder, written whole or not at all.

The files are written into a temporary folder beside the target, flushed to disk, and put in place by one rename:
whoever looks sees the old folder or the new one, never half of either.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from claxon.errors import ClaxonError
from claxon.manifest import MANIFEST_NAME
from claxon_export.errors import ExportError, TargetExistsError

AT_FDCWD = -100
RENAME_EXCHANGE = 2  # linux/fs.h
NAME_CHARACTERS = 32  # of the target's name in the temporary folder's: a file's name has 255 bytes at most


@dataclass(frozen=True, slots=True)
class FolderKind:
    """What folders of a kind are called, and the file that each of them has: nothing else is ever replaced."""

    name: str
    mark: str


BUNDLE = FolderKind("a bundle", MANIFEST_NAME)


def check_target(target: Path, *, force: bool, kind: FolderKind = BUNDLE) -> None:
    """Raise before any work is done, if the target could not be written in the end.

    Raises:
        TargetExistsError: something is there, and ``force`` was not given.
        ExportError: something is there that is not of the kind, which ``force`` does not delete either.
    """
    if not target.exists() and not target.is_symlink():
        return
    if not force:
        raise TargetExistsError(f"{target} exists; give --force (force=True) to replace it")
    is_replaceable = target.is_dir() and not target.is_symlink()
    if not is_replaceable or (any(target.iterdir()) and not (target / kind.mark).exists()):
        raise ExportError(f"{target} is not {kind.name}, so it is not replaced; choose another place or move it away")


@contextlib.contextmanager
def whole_folder(target: Path, *, force: bool = False, kind: FolderKind = BUNDLE) -> Iterator[Path]:
    """A folder to write into; it becomes ``target`` if the block ends well, and vanishes if not.

    With ``force`` a folder of the same ``kind`` is replaced.

    Raises:
        TargetExistsError: the target exists, and ``force`` was not given.
        ExportError: the place cannot be written to, or the disk is full.
    """
    target = target.absolute()  # so that it has a name, even as "."
    check_target(target, force=force, kind=kind)
    beside = _temporary_folder(target)
    try:
        work = beside / "new"
        work.mkdir()  # the temporary folder is closed to others; this one is as open as any that the user makes
        yield work
        _flush(work)
        _put_in_place(work, target, force=force, kind=kind)
    except ClaxonError:  # some are OSErrors as well, and say more
        raise
    except OSError as error:
        raise ExportError(f"{target} could not be written: {error.strerror or error}; nothing was changed") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _temporary_folder(target: Path) -> Path:
    """A new hidden folder on the target's file system, so that a rename is all that is left to do."""
    prefix = f".{target.name[:NAME_CHARACTERS]}."
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=prefix, suffix=".tmp", dir=target.parent))
    except (FileExistsError, NotADirectoryError) as error:
        raise ExportError(f"{target.parent} is not a folder, or lies in none; choose another place") from error
    except OSError as error:
        raise ExportError(f"{target.parent} cannot be written to: {error.strerror}; choose another place") from error


def _flush(folder: Path) -> None:
    """Ask the system to write every file and folder below to the disk."""
    for path in [*folder.rglob("*"), folder]:
        if path.is_dir():
            _flush_folder(path)
        else:
            _flush_file(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)


def _flush_folder(folder: Path) -> None:
    # Windows cannot open a folder, and some network file systems cannot flush one; the files are flushed anyway.
    with contextlib.suppress(OSError):
        _flush_file(folder, os.O_RDONLY)


def _flush_file(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _put_in_place(work: Path, target: Path, *, force: bool, kind: FolderKind) -> None:
    check_target(target, force=force, kind=kind)  # it may have come into being meanwhile
    if not target.exists():
        work.rename(target)
    elif not _exchange(work, target):
        _replace_in_two_steps(work, target)
    _flush_folder(target.parent)


def _exchange(work: Path, target: Path) -> bool:
    """Swap two folders at once, where the system can (Linux); the old one is then ``work``, and is deleted as such."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None) if sys.platform == "linux" else None
    if rename is None:
        return False
    status = rename(AT_FDCWD, os.fsencode(work), AT_FDCWD, os.fsencode(target), RENAME_EXCHANGE)
    return bool(status == 0)


def _replace_in_two_steps(work: Path, target: Path) -> None:
    """Where folders cannot be swapped: move the old one away first, and back if the new one cannot take its place."""
    old = work.with_name("old")
    target.rename(old)
    try:
        work.rename(target)
    except BaseException:  # an interrupt as well: the old one must not go with the temporary folder
        old.rename(target)
        raise
