"""Atomic folder writes.

The files are written into a temporary folder beside the target, flushed to disk, and put in place by one rename:
whoever looks sees the old folder or the new one, never half of either.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from claxon.bundle.manifest import MANIFEST_NAME
from claxon.errors import ClaxonError
from claxon.storage.atomic import NAME_CHARACTERS, TOKEN, flush, flush_folder, siblings
from claxon.storage.locks import Lock, acquire, exclusive
from claxon_export.errors import ExportError, TargetExistsError

AT_FDCWD = -100
RENAME_EXCHANGE = 2  # linux/fs.h
SUFFIX = ".tmp"
WAIT_S = 60.0  # for another writer to compare and to rename, which takes milliseconds


@dataclass(frozen=True, slots=True)
class FolderKind:
    """A kind of folder: its name in messages, and the file that each has. Nothing else is ever replaced."""

    name: str
    mark: str


BUNDLE = FolderKind("a bundle", MANIFEST_NAME)


def check_target(target: Path, *, force: bool, kind: FolderKind = BUNDLE) -> None:
    """Raise before any work is done if the target cannot be written.

    Raises:
        TargetExistsError: something is there, and ``force`` was not given.
        ExportError: something is there that is not of the kind, which ``force`` does not delete either; or the folder
            around it cannot be written to.
    """
    _check_place(target.absolute().parent)
    if not target.exists() and not target.is_symlink():
        return
    if not force:
        raise TargetExistsError(f"{target} exists; give --force (force=True) to replace it")
    is_replaceable = target.is_dir() and not target.is_symlink()
    if not is_replaceable or (any(target.iterdir()) and not (target / kind.mark).exists()):
        raise ExportError(
            f"{target} is not {kind.name}, so it is not replaced; choose another location or move it away"
        )


def _check_place(folder: Path) -> None:
    """Raise ``ExportError`` if nothing can be written, as on a read-only file system."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if folder.is_dir() and not os.access(folder, os.W_OK):
        raise ExportError(
            f"{folder} is not writable: it is read-only or belongs to another user; choose another location"
        )


@contextlib.contextmanager
def whole_folder(
    target: Path, *, force: bool = False, kind: FolderKind = BUNDLE, check: Callable[[], None] | None = None
) -> Iterator[Path]:
    """Yield a folder to write into; it becomes ``target`` if the block succeeds, and is removed if it fails.

    With ``force`` a folder of the same ``kind`` is replaced. ``check`` may raise at the last moment: from there until
    the folder is in place no other writer of ours changes the target. What killed writers of the target left beside it
    is removed, or put back.

    Raises:
        TargetExistsError: the target exists, and ``force`` was not given.
        ExportError: the place cannot be written to, or the disk is full.
    """
    target = target.absolute()  # so that it has a name, even as "."
    _tidy(target)
    check_target(target, force=force, kind=kind)
    beside = _temporary_folder(target)
    try:
        work = beside.path / "new"
        work.mkdir()  # only the owner can read the temporary folder; this one gets what the umask says
        yield work
        _flush(work)
        with _sole_writer(target):
            if check is not None:
                check()
            _put_in_place(work, target, force=force, kind=kind)
    except ClaxonError:  # some are OSErrors as well, and say more
        raise
    except OSError as error:
        raise ExportError(f"{target} could not be written: {error.strerror or error}; nothing was changed") from error
    finally:
        _settle(beside.path, target)
        beside.lock.release()


@dataclass(frozen=True, slots=True)
class _Owned:
    """A temporary folder, with the lock that shows others that it is in use."""

    path: Path
    lock: Lock


def _temporary_folder(target: Path) -> _Owned:
    """Create a hidden folder on the target's file system, so that only a rename is left to do."""
    prefix = f".{target.name[:NAME_CHARACTERS]}."
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        while True:
            path = Path(tempfile.mkdtemp(prefix=prefix, suffix=SUFFIX, dir=target.parent))
            lock = acquire(path)
            if lock is not None:  # else another writer tidied up between the two lines above
                return _Owned(path, lock)
    except (FileExistsError, NotADirectoryError) as error:
        raise ExportError(f"{target.parent} is not a folder, or is not inside one; choose another location") from error
    except OSError as error:
        raise ExportError(f"{target.parent} cannot be written to: {error.strerror}; choose another location") from error


def _tidy(target: Path) -> None:
    """Remove temporary folders of ended processes; an old bundle in one of them is restored first."""
    name = re.escape(target.name[:NAME_CHARACTERS])
    for path in siblings(target.parent, re.compile(rf"\.{name}\.{TOKEN}{re.escape(SUFFIX)}")):
        lock = acquire(path)
        if lock is None:
            continue
        if lock.is_sure and path.is_dir() and {entry.name for entry in path.iterdir()} <= {"new", "old"}:
            with contextlib.suppress(ExportError, OSError), _sole_writer(target):
                _settle(path, target)
        lock.release()


def _settle(beside: Path, target: Path) -> None:
    """Remove a temporary folder; an old bundle in it that was not replaced is restored first."""
    with contextlib.suppress(OSError):
        if (beside / "old").exists() and not target.exists():
            (beside / "old").rename(target)
        # Renamed first, so that nobody can put into place what is half removed, not even where there are no locks.
        doomed = target.with_name(f".{target.name[:NAME_CHARACTERS]}.{secrets.token_hex(4)}{SUFFIX}")
        shutil.rmtree(beside.rename(doomed), ignore_errors=True)


@contextlib.contextmanager
def _sole_writer(target: Path) -> Iterator[None]:
    """Exclude other writers of the target.

    Raises:
        ExportError: another one has been at it for so long that it must hang.
    """
    lock = target.with_name(f".{target.name[:NAME_CHARACTERS]}.lock")
    try:
        with exclusive(lock, wait_s=WAIT_S):
            yield
    except TimeoutError as error:
        raise ExportError(
            f"another process has held {lock} for {WAIT_S:.0f} s; nothing was changed, so try again when it has ended"
        ) from error


def _flush(folder: Path) -> None:
    """Flush every file and folder below to the disk."""
    for path in [*folder.rglob("*"), folder]:
        if path.is_dir():
            flush_folder(path)
        else:
            _flush_file(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)


def _flush_file(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        flush(descriptor)
    finally:
        os.close(descriptor)


def _put_in_place(work: Path, target: Path, *, force: bool, kind: FolderKind) -> None:
    check_target(target, force=force, kind=kind)  # it may have come into being meanwhile
    if not target.exists():
        work.rename(target)
    else:
        _narrow_mode(work, target)
        if not _exchange(work, target):
            _replace_in_two_steps(work, target)
    flush_folder(target.parent)


def _narrow_mode(work: Path, target: Path) -> None:
    """Restrict a folder's permissions to those of its predecessor; its owner can always write."""
    work.chmod(work.stat().st_mode & (target.stat().st_mode | stat.S_IRWXU))


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
