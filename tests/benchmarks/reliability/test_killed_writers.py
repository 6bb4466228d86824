"""A few kills of every job; and writers that do it wrong are found."""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reliability import killed_writers
from reliability.killed_writers import Trial
from reliability.operations import Kill
from reliability.part import Settings
from reliability.writing_jobs import Job, Sources
from tests.benchmarks.reliability.sloppy import leave_behind, write_in_place

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")


def test_the_target_is_old_or_new_and_a_rerun_leaves_nothing(tmp_path: Path) -> None:
    found = killed_writers.run(Settings(tmp_path, tmp_path, seed=0, scale=0.04))
    assert found.failures == []
    assert found.counts["kills"] >= 2 * len(killed_writers.POINTS)
    assert found.counts["old_targets"] > 0


@pytest.mark.parametrize(
    ("writer", "problem"),
    [
        (write_in_place, "killed: neither the old target nor the new one"),
        (leave_behind, "left after the rerun: beside"),
    ],
)
def test_a_writer_that_does_it_wrong_is_found(
    writer: Callable[[Sources, Path], Any], problem: str, sources: Sources, tmp_path: Path
) -> None:
    job = Job("sloppy", "file", writer, "texts", Path.read_bytes)
    trial = Trial.of(job, sources, tmp_path / "place")
    assert problem in [*trial.problems(Kill(operation=2), Counter())]


def test_all_operations_are_among_the_kills_where_there_are_few(sources: Sources, tmp_path: Path) -> None:
    trial = Trial.of(Job("sloppy", "file", write_in_place, None, Path.read_bytes), sources, tmp_path / "place")
    kills = list(trial.kills(random.Random(0), 10, 2))
    assert [kill.operation for kill in kills[:3]] == [1, 2, 3]
    assert len(kills) == 12
