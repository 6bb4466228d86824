"""A disk of a few megabytes in memory (tmpfs), to be filled or made read-only; mounting it needs the right to."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BALLAST = "ballast"


class NoSmallDiskError(RuntimeError):
    """None can be mounted here; the message says why."""


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """One that is mounted on a folder."""

    folder: Path
    size_bytes: int

    def leave(self, free_bytes: int) -> None:
        """Fill it but for so many bytes, to the next page."""
        with (self.folder / BALLAST).open("wb") as ballast:
            found = os.statvfs(self.folder)
            taken = found.f_bavail * found.f_frsize - free_bytes
            if taken > 0:
                os.posix_fallocate(ballast.fileno(), 0, taken)

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Between these lines nothing can be written."""
        _mount("-o", "remount,ro", str(self.folder))
        try:
            yield
        finally:
            _mount("-o", "remount,rw", str(self.folder))


@contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[SmallDisk]:
    """Mount one on a new folder; it is gone afterwards.

    Raises:
        NoSmallDiskError: this system, or who runs this, cannot.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={size_bytes},mode=700", "tmpfs", str(folder))
    try:
        yield SmallDisk(folder, size_bytes)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mount(*words: str) -> None:
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mount") is None:
        raise NoSmallDiskError("a disk in memory is mounted by the superuser of a Linux system")
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoSmallDiskError(f"a disk in memory cannot be mounted here: {' '.join(done.stderr.split())}")
