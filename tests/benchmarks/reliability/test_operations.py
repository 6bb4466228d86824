"""Processes that are killed before an operation of a number."""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path

import pytest

from reliability import operations
from reliability.operations import Kill, Running, run
from tests.benchmarks.reliability.sloppy import break_down, fail, work

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")


def test_operations_are_counted(tmp_path: Path) -> None:
    ended = run(partial(work, tmp_path), tmp_path)
    assert (ended.was_killed, ended.operations, ended.error) == (False, 3, "")


@pytest.mark.parametrize(("number", "left"), [(1, []), (2, ["a"]), (3, ["b"])])
def test_a_job_is_killed_before_the_operation(number: int, left: list[str], tmp_path: Path) -> None:
    assert run(partial(work, tmp_path), tmp_path, Kill(operation=number)).was_killed
    assert [path.name for path in tmp_path.iterdir()] == left


def test_a_job_that_has_ended_is_not_killed(tmp_path: Path) -> None:
    assert not run(partial(work, tmp_path), tmp_path, Kill(operation=4)).was_killed


def test_errors_come_with_their_type(tmp_path: Path) -> None:
    typed = run(partial(fail, tmp_path), tmp_path)
    assert (typed.error, typed.is_typed) == ("OutputError: no", True)
    untyped = run(partial(break_down, None, tmp_path), tmp_path)
    assert not untyped.is_typed


def test_a_job_is_killed_after_a_while(tmp_path: Path) -> None:
    assert run(partial(time.sleep, 60), tmp_path, Kill(after_s=0.01)).was_killed


def test_a_job_that_hangs_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "LIMIT_S", 0.05)
    with pytest.raises(TimeoutError):
        Running(partial(time.sleep, 60), tmp_path).ended()
