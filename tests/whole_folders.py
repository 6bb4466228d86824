"""Folders with an old or a new bundle in them, as far as writing them goes."""

from __future__ import annotations

from pathlib import Path

from claxon_export.bundle.atomic_folder import whole_folder

OLD = {"manifest.json": "old", "heads/old.onnx": "old"}
NEW = {"manifest.json": "new", "heads/new.onnx": "new"}


def write_new(target: Path, *, force: bool = False) -> None:
    """Write ``NEW`` to the target."""
    with whole_folder(target, force=force) as folder:
        (folder / "manifest.json").write_text("new")
        (folder / "heads").mkdir()
        (folder / "heads" / "new.onnx").write_text("new")


def write_half(target: Path, error: BaseException, *, force: bool = False) -> None:
    """Begin to write to the target, and fail."""
    with whole_folder(target, force=force) as folder:
        (folder / "manifest.json").write_text("half")
        raise error


def contents(folder: Path) -> dict[str, str]:
    """Every file below the folder, by its path there."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


def assert_nothing_else_beside(target: Path) -> None:
    """Fail if a temporary folder was left behind."""
    assert list(target.parent.iterdir()) == ([target] if target.exists() else [])
