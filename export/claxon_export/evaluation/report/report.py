"""The folder of a report: the page, the pictures and the JSON, written whole or not at all."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from claxon_export.bundle.atomic_folder import FolderKind, check_target, whole_folder
from claxon_export.evaluation.plots.gallery import drawn
from claxon_export.evaluation.report.page import NO_GALLERY, page
from claxon_export.evaluation.results import Evaluation

PAGE_NAME, JSON_NAME = "index.html", "evaluation.json"
REPORT = FolderKind("a report", JSON_NAME)
UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


def write_report(
    evaluation: Evaluation, folder: str | os.PathLike[str], *, pictures: bool = True, force: bool = False
) -> Path:
    """Write ``index.html``, which needs no other file, and beside it ``evaluation.json`` and the pictures as PNG.

    Args:
        evaluation: What ``evaluate`` gave.
        folder: Where; it appears when all is written.
        pictures: ``False`` for a page of tables alone.
        force: Replace an existing report; nothing else is ever replaced.

    Returns:
        The page.

    Raises:
        TargetExistsError: something is there, and ``force`` was not given.
        ExportError: something else than a report is there, or the place cannot be written to.
        MissingDependencyError: matplotlib is not installed; ``pictures=False`` does without.
    """
    target = Path(folder)
    check_report_target(target, force=force)
    gallery = drawn(evaluation) if pictures else NO_GALLERY
    with whole_folder(target, force=force, kind=REPORT) as new:
        (new / PAGE_NAME).write_text(page(evaluation, gallery), encoding="utf-8", newline="\n")
        (new / JSON_NAME).write_text(evaluation.to_json(), encoding="utf-8", newline="\n")
        names = _file_names([picture.name for picture in gallery.pictures])
        for name, picture in zip(names, gallery.pictures, strict=True):
            (new / name).write_bytes(picture.content)
    return target / PAGE_NAME


def _file_names(names: Sequence[str]) -> list[str]:
    """A bundle's manifest may hold any name; a file's name may not. Those that become equal get a number in front."""
    safe = [f"{UNSAFE.sub('_', name)}.png" for name in names]
    # Windows and macOS tell no capitals apart.
    times = Counter(name.casefold() for name in safe)
    return [name if times[name.casefold()] == 1 else f"{number}-{name}" for number, name in enumerate(safe, 1)]


def check_report_target(target: Path, *, force: bool) -> None:
    """Raise before any work is done, if the report could not be written in the end; see ``write_report``."""
    check_target(target, force=force, kind=REPORT)
