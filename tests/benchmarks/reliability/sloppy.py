"""Writers that do it wrong, in ways that campaigns must find; other processes import them."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from claxon.errors import OutputError
from reliability.writing_jobs import Sources

PARTS = [b"first", b"second", b"third"]


def write_in_place(_: Sources, place: Path) -> None:
    """A file that is half there for a while."""
    for number, part in enumerate(PARTS):
        with (place / "file").open("ab" if number else "wb") as stream:
            stream.write(part)


def leave_behind(_: Sources, place: Path) -> None:
    """A whole file, with another one beside it."""
    (place / "beside").write_bytes(b"".join(PARTS))
    shutil.copyfile(place / "beside", place / "copy")
    (place / "copy").rename(place / "file")


def empty_and_tell(_: Sources, place: Path) -> None:
    """The old file is gone when the error comes."""
    (place / "file").write_bytes(b"")
    raise OutputError("file could not be written: the disk is full; nothing was changed")


def forget_the_other(_: Sources, place: Path) -> None:
    """Read, wait, write: what another one wrote meanwhile is lost."""
    bundle = place / "bundle"
    content = (bundle / "manifest.json").read_bytes()
    time.sleep(0.2)
    (bundle / "manifest.json").write_bytes(content)


def break_down(_: Sources | None, place: Path) -> None:
    """An error without a type of Claxon's."""
    raise KeyError("what was this")


def work(place: Path) -> None:
    """Three operations on files."""
    (place / "a").write_text("1")
    (place / "a").rename(place / "b")
    (place / "b").unlink()


def fail(place: Path) -> None:
    """An error of Claxon's."""
    raise OutputError("no")
