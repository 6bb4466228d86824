"""Kill a writer before every operation on files that it does, one after the other, and tell what is there each time.

python -m tests.export.kill_everywhere FOLDER KIND     KIND: folder, folder-in-two-steps, new-folder, file

One line of JSON for each operation: what is at the target, what a rerun made of it, and what is left beside it.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from claxon.storage.atomic import whole_file
from claxon_export.bundle import atomic_folder
from claxon_export.errors import TargetExistsError
from reliability.operations import counted
from tests.whole_folders import NEW, OLD, contents, write_new


def main(folder: Path, kind: str) -> None:
    """Print the lines."""
    if kind == "folder-in-two-steps":
        atomic_folder._exchange = _cannot
    number, was_killed = 0, True
    while was_killed:
        number += 1
        place = folder / str(number)
        target = _prepare(place, kind)
        was_killed = _forked(partial(_write, target, kind), place, number)
        killed = _found(target)
        _forked(partial(_write, target, kind), place, None)
        left = sorted(path.name for path in place.iterdir() if path != target)
        print(json.dumps({"killed": was_killed, "result": killed, "rerun": _found(target), "left": left}))


def _cannot(work: Path, target: Path) -> bool:
    return False


def _prepare(place: Path, kind: str) -> Path:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    target = place / "bundle"
    if kind == "file":
        target.write_text("old")
    elif kind != "new-folder":
        for name, content in OLD.items():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_text(content)
    return target


def _write(target: Path, kind: str) -> None:
    if kind == "file":
        with whole_file(target) as stream:
            stream.write(b"new")
        return
    try:
        write_new(target, force=kind != "new-folder")
    except TargetExistsError:
        if kind != "new-folder":
            raise


def _found(target: Path) -> str:
    if not target.exists():
        return "nothing"
    if target.is_file():
        return target.read_text()
    result = contents(target)
    return "old" if result == OLD else "new" if result == NEW else "half"


def _forked(action: Callable[[], None], place: Path, kill_before: int | None) -> bool:
    """Whether it was killed."""
    child = os.fork()
    if child == 0:
        counted(str(place), kill_before)
        action()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
