"""Every job on a disk that is full or read-only; and writers that do it wrong are found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reliability import full_disks
from reliability.part import Settings
from reliability.writing_jobs import Job, Sources
from tests.benchmarks.reliability.sloppy import break_down, empty_and_tell, write_in_place

Writer = Callable[[Sources, Path], None]


def test_errors_are_typed_and_the_old_target_stays(tmp_path: Path) -> None:
    found = full_disks.run(Settings(tmp_path, tmp_path, seed=0, scale=0.05))
    if found.not_run is not None:
        pytest.skip(found.not_run)
    assert found.failures == []
    assert found.counts["typed_errors"] >= 6


@pytest.mark.parametrize(
    ("writer", "problem"),
    [
        (empty_and_tell, "the target was changed"),
        (write_in_place, "read-only: OSError: [Errno 30]"),
        (break_down, "KeyError"),
    ],
)
def test_a_writer_that_does_it_wrong_is_found(
    writer: Writer, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = iter([write_in_place])  # whole once, so that it is known what is right

    def sloppy(sources: Sources, place: Path) -> None:
        next(runs, writer)(sources, place)

    monkeypatch.setattr(full_disks, "JOBS", {"sloppy": Job("sloppy", "file", sloppy, "texts", Path.read_bytes)})
    found = full_disks.run(Settings(tmp_path, tmp_path, seed=0, scale=0.001))
    if found.not_run is not None:
        pytest.skip(found.not_run)
    assert any(problem in failure for failure in found.failures)
