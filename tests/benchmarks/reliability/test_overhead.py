from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reliability import overhead
from reliability.overhead import Round, Timing, median_overhead


def test_medians_are_of_the_rounds_shares() -> None:
    rounds = [Round(Timing(10, 8, 20), Timing(whole, 8, 22)) for whole in (11, 10.2, 30)]
    found = median_overhead(rounds)
    assert (found.whole, found.work, found.processor) == pytest.approx((0.1, 0.0, 0.1))


def test_both_sides_are_timed_in_turn(small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overhead, "MOST_OVERHEAD", 1e6)
    order: list[str] = []

    def noted(name: str) -> Callable[..., Timing]:
        timed = getattr(overhead, name)

        def call(*given: Any) -> Timing:
            order.append(name)
            found: Timing = timed(*given)
            return found

        return call

    for name in ("by_job", "by_calls"):
        monkeypatch.setattr(overhead, name, noted(name))
    words = ["--bundle", str(small_bundle), "--rows", "300", "--shard-rows", "75", "--rounds", "2", "--workers", "1"]
    assert overhead.main([*words, "--folder", str(tmp_path / "scratch"), "--out", str(tmp_path / "out")]) == 0
    assert order == ["by_calls", "by_job", "by_job", "by_calls"]
    found = json.loads((tmp_path / "out" / "overhead.json").read_text())
    assert set(found["overhead"]) == {"whole", "work", "processor"}
    assert [timing["whole"] > timing["work"] > 0 for each in found["rounds"] for timing in each.values()] == [True] * 4
