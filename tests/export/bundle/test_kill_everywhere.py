"""Killed before any operation at all: the old one, the new one, and after a rerun nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")


@pytest.mark.parametrize(
    ("kind", "before", "fewest"),
    [
        ("folder", {"old"}, 15),
        ("new-folder", {"nothing"}, 10),
        ("file", {"old"}, 4),
        # Where two folders cannot be swapped there is a moment without any; the rerun puts the old one back first.
        ("folder-in-two-steps", {"old", "nothing"}, 15),
    ],
)
def test_the_target_is_old_or_new_and_nothing_is_left(kind: str, before: set[str], fewest: int, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "tests.export.kill_everywhere", str(tmp_path), kind]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["killed"] for line in lines] == [True] * (len(lines) - 1) + [False]
    assert len(lines) > fewest
    result = [line["result"] for line in lines]
    assert set(result) == {*before, "new"}
    assert result == sorted(result, key="new".__eq__)  # once it is new, it stays
    assert {line["rerun"] for line in lines} == {"new"}
    assert [name for line in lines for name in line["left"]] == []
