from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from claxon_bench import soak as soaking
from claxon_bench.soak import Sample, soak
from reliability import mixed
from reliability.part import Settings

pytest.importorskip("matplotlib")
if not soaking.STATUS.exists():
    pytest.skip("what a process holds is read from /proc", allow_module_level=True)


def test_a_healthy_process(settings: Settings, tmp_path: Path) -> None:
    found = mixed.run(replace(settings, scale=0.0002, results=tmp_path / "results"))
    assert found.failures == []
    assert (found.counts["calls"], found.counts["changed_answers"]) == (20, 0)
    assert {path.name for path in (tmp_path / "results").iterdir()} == {"soak.json", "soak.png", "soak.svg"}


def test_a_leak_is_noticed(small_bundle: Path) -> None:
    found = soak(small_bundle, calls=2, threads=1)
    grown = (Sample(0, 0, 5, 1), Sample(1, 0, 5, 1), Sample(2, 60 << 20, 9, 1))
    outcome = mixed.told(replace(found, samples=grown, changed=(1,)))
    assert outcome.counts["MiB_more"] == 60.0
    assert outcome.counts["descriptors_more"] == 4
    assert len(outcome.failures) == 3
