"""What the tests of the export's commands have in common."""

from __future__ import annotations

import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from claxon.cli import main

ROOT = Path(__file__).resolve().parents[3]
DECLARED: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "entry-points"
]["claxon.commands"]


@pytest.fixture(autouse=True)
def commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry points as the distribution declares them, whether it is installed or not."""

    def entry_points(group: str, name: str | None = None) -> list[EntryPoint]:
        declared = [EntryPoint(known, target, group) for known, target in DECLARED.items()]
        return [entry for entry in declared if name in (None, entry.name)]

    monkeypatch.setattr(main, "entry_points", entry_points)


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    """Twenty rows of ``text`` and ``label``, ``pos`` and ``neg`` in turn."""
    path = tmp_path / "reviews.csv"
    rows = [f"{'good' if i % 2 else 'bad'} book {i},{'pos' if i % 2 else 'neg'}" for i in range(20)]
    path.write_text("\n".join(["text,label", *rows]) + "\n")
    return path
