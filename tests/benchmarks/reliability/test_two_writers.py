"""A round of every pair; and two that lose or break something are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from reliability import two_writers
from reliability.part import Settings
from reliability.two_writers import Pair
from tests.benchmarks.reliability.sloppy import break_down, forget_the_other


def run(folder: Path, scale: float = 0.02) -> list[str]:
    return two_writers.run(Settings(folder, folder, seed=0, scale=scale)).failures


def test_one_wins_whole_and_the_other_does_or_says_so(tmp_path: Path) -> None:
    found = two_writers.run(Settings(tmp_path, tmp_path, seed=0, scale=0.04))
    assert found.failures == []
    assert found.counts["rounds"] == 2 * len(two_writers.PAIRS)
    assert found.counts["one_done_and_one_typed_error"] >= 2


def test_a_head_that_is_lost_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = Pair("sloppy", (forget_the_other, forget_the_other), is_over_old=True, heads=("sentiment", "mood"))
    monkeypatch.setattr(two_writers, "PAIRS", (pair,))
    assert any("lost: the head mood" in failure for failure in run(tmp_path))


def test_two_that_may_not_both_win_and_errors_without_a_type_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = Pair("both", (forget_the_other, forget_the_other), is_over_old=True, most_done=1)
    broken = Pair("broken", (break_down, break_down), is_over_old=True)
    monkeypatch.setattr(two_writers, "PAIRS", (both, broken))
    found = "\n".join(run(tmp_path))
    assert "both, round 0: 2 of two say that they are done" in found
    assert "broken, round 0: KeyError" in found
    assert "broken, round 0: 0 of two" in found
