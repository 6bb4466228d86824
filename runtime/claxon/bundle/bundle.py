"""Opens a bundle's folder. The only module that reads its files.

What is hashed is what is used: a file is opened once, read into memory, checked against the manifest, and those bytes
are handed on. Nothing is opened again by its path.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path

import numpy as np

from claxon.bundle.manifest import MANIFEST_NAME, MAX_MANIFEST_BYTES, FileEntry, Manifest
from claxon.bundle.paths import MAX_DEPTH
from claxon.bundle.safetensors import Buffer
from claxon.errors import BundleError, BundleNotFoundError, IntegrityError, OptionError


@dataclass(frozen=True, slots=True)
class Bundle:
    """An open bundle: its manifest was read, and its folder has exactly the listed files.

    ``digest`` is the SHA-256 of ``manifest.json``; as that lists the hash of every other file, it stands for them all.
    """

    path: Path
    manifest: Manifest
    digest: str

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, expected_digest: str | None = None) -> Bundle:
        """Read the manifest and compare it with the folder: names, types and sizes of files, but not yet their content.

        Args:
            path: The folder.
            expected_digest: What its digest must be, as ``claxon inspect`` prints it; ``None`` takes any.

        Raises:
            OptionError: the expected digest is not 64 hexadecimal digits.
            BundleNotFoundError: nothing is at ``path``, or no ``manifest.json`` in it.
            BundleError: the manifest is not one that this version reads.
            IntegrityError: another digest; a file is missing, not listed, not a plain file with one name, or of another
                size.
        """
        folder = Path(path)
        expected = _checked_digest(expected_digest)
        content = _read_manifest(folder)
        digest = hashlib.sha256(content).hexdigest()
        if expected not in (None, digest):
            raise IntegrityError(f"{folder} has the digest {digest}, expected {expected}: this is a different bundle")
        bundle = cls(folder, Manifest.from_json(content), digest)
        try:
            _check_listing(folder, bundle.manifest)
        except BundleError as error:
            if bundle._was_replaced():
                raise IntegrityError(f"{folder} was replaced while it was being read; try again") from error
            raise
        return bundle

    def read(self, name: str) -> Buffer:
        """Read a listed file and check its hash. Shape: ``(bytes,)``, uint8.

        Raises:
            IntegrityError: the file is not listed, or its bytes are not those that the manifest describes.
        """
        entry = self._entry(name)
        content = np.empty(entry.size_bytes, np.uint8)
        with self._open(name) as stream:
            count = stream.readinto(content.data)
            is_longer = bool(stream.read(1))
        if count != entry.size_bytes or is_longer or hashlib.sha256(content.data).hexdigest() != entry.sha256:
            raise self._is_another(name)
        return content

    def verify(self, names: set[str] | None = None) -> None:
        """Check the hash of every listed file, or of those in ``names``, without reading whole files into memory.

        Raises:
            IntegrityError: a name is not listed, or the bytes of a file are not those that the manifest describes.
        """
        for name in sorted(self.manifest.files if names is None else names):
            expected = self._entry(name).sha256
            with self._open(name) as stream:
                actual = hashlib.file_digest(stream, "sha256").hexdigest()
            if actual != expected:
                raise self._is_another(name)

    def _entry(self, name: str) -> FileEntry:
        if name not in self.manifest.files:
            raise IntegrityError(f"{self.path}: {name} is not listed in the manifest, so it cannot be read")
        return self.manifest.files[name]

    @contextmanager
    def _open(self, name: str) -> Iterator[BufferedReader]:
        try:
            with _open_regular(self.path / name, name) as stream:
                yield stream
        except OSError as error:
            if self._was_replaced():
                raise self._is_another(name) from error
            raise IntegrityError(f"{self.path / name} cannot be read: {error.strerror}") from error

    def _was_replaced(self) -> bool:
        """Whether the folder has a different manifest by now."""
        try:
            return hashlib.sha256(_read_manifest(self.path)).hexdigest() != self.digest
        except BundleError:
            return True

    def _is_another(self, name: str) -> IntegrityError:
        if self._was_replaced():
            return IntegrityError(
                f"{self.path} was replaced while it was being read ({name} belongs to another bundle); try again"
            )
        return IntegrityError(
            f"{self.path / name} is not the file that the manifest describes (its SHA-256 or size differs); "
            "copy the bundle again, or export it again"
        )


def by_absolute_path(bundle: Bundle) -> Bundle:
    """Return the same bundle with an absolute path."""
    return replace(bundle, path=bundle.path.absolute())


def _checked_digest(digest: str | None) -> str | None:
    if digest is None:
        return None
    if not isinstance(digest, str) or not re.fullmatch("[0-9a-fA-F]{64}", digest):
        raise OptionError(
            f"expected_digest is {digest!r:.80}, expected 64 hexadecimal digits, as `claxon inspect` prints them"
        )
    return digest.lower()


def _read_manifest(folder: Path) -> bytes:
    path = folder / MANIFEST_NAME
    try:
        with _open_regular(path, MANIFEST_NAME) as stream:
            return stream.read(MAX_MANIFEST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        problem = f"has no {MANIFEST_NAME}" if folder.is_dir() else "is not a folder"
        raise BundleNotFoundError(
            f"{folder} {problem}; expected a bundle, as `claxon export SOURCE {folder}` writes it"
        ) from None
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}") from error


def _check_listing(folder: Path, manifest: Manifest) -> None:
    sizes: dict[str, int] = {}
    try:
        for name, size_bytes in _walk(folder, folder):
            if name not in manifest.files and name != MANIFEST_NAME:
                raise IntegrityError(f"{folder}: {name} is not listed in the manifest; move it out of the bundle")
            sizes[name] = size_bytes
    except OSError as error:
        raise BundleError(f"{error.filename or folder} cannot be listed: {error.strerror}") from error
    for name, entry in manifest.files.items():
        if name not in sizes:
            raise IntegrityError(f"{folder}: {name} is missing; copy the bundle again, or export it again")
        if sizes[name] != entry.size_bytes:
            raise IntegrityError(
                f"{folder}: {name} has {sizes[name]} bytes, the manifest says {entry.size_bytes}; "
                "copy the bundle again, or export it again"
            )


def _walk(folder: Path, root: Path) -> Iterator[tuple[str, int]]:
    """Yield the relative name and size of every file below ``folder``; anything but files and folders is refused."""
    with os.scandir(folder) as entries:
        for entry in entries:
            name = Path(entry.path).relative_to(root).as_posix()
            if entry.is_dir(follow_symlinks=False):
                if name.count("/") >= MAX_DEPTH:
                    raise IntegrityError(f"{root}: {name:.80} is nested deeper than {MAX_DEPTH} folders")
                yield from _walk(Path(entry.path), root)
            elif entry.is_file(follow_symlinks=False):
                status = Path(entry.path).lstat()  # an entry's own status has no number of names on Windows
                _check_one_name(status, f"{root}: {name}")
                yield name, status.st_size
            else:
                raise IntegrityError(
                    f"{root}: {name} is a link or a device, not a plain file; copy the bundle with `cp -rL`"
                )


def _check_one_name(status: os.stat_result, where: str) -> None:
    """Raise if a file has a second name, through which the bundle could be changed from outside."""
    if status.st_nlink > 1:
        raise IntegrityError(
            f"{where} is a hard link, its file has {status.st_nlink} names; "
            "copy the bundle with `cp -rL --no-preserve=links`"
        )


def _open_regular(path: Path, name: str) -> BufferedReader:
    """Open a plain file, without following links or waiting for FIFOs; refuse everything else."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise IntegrityError(f"{path}: {name} is a link, not a plain file; copy the bundle with `cp -rL`") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise IntegrityError(f"{path}: {name} is a folder or a device, not a plain file")
        _check_one_name(status, f"{path}: {name}")
    except BaseException:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")
