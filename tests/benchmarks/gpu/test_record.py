from __future__ import annotations

from pathlib import Path

import pytest

from claxon.engine.providers import Device
from claxon_bench.errors import BenchmarkError
from gpu.record import Case, Figures, faults, read_results, run_cases
from gpu.setting import Setting

SETTING = Setting(Device.CPU, Path("nowhere"))


def fails() -> Figures:
    raise RuntimeError("CUDA failure 700")


def run(out: Path, *cases: Case, seconds: float = 60, setting: Setting = SETTING) -> list[str]:
    told: list[str] = []
    run_cases("right", cases, setting, out, seconds, told.append)
    return told


def test_a_failure_is_kept_and_tried_again_and_the_others_are_not(tmp_path: Path) -> None:
    cases = Case("a", lambda: {"figure": 1}), Case("b", fails), Case("c", lambda: {"wrong": ["cosine 0.5"]})
    assert run(tmp_path, *cases) == ["right: a", "right: b", "right: c"]
    assert faults(read_results(tmp_path)) == ["right, b: RuntimeError: CUDA failure 700", "right, c: cosine 0.5"]
    assert run(tmp_path, cases[0], Case("b", dict)) == ["right: b"]
    assert read_results(tmp_path)["parts"]["right"]["a"]["figures"] == {"figure": 1}


def test_nothing_begins_after_the_budget_and_what_ended_is_written(tmp_path: Path) -> None:
    assert run(tmp_path, Case("a", dict), Case("b", dict), seconds=-1) == []
    assert "the budget of -1 s was spent" in faults(read_results(tmp_path))[0]
    assert run(tmp_path, Case("a", dict)) == ["right: a"]


def test_results_of_two_devices_are_not_mixed(tmp_path: Path) -> None:
    run(tmp_path, Case("a", dict))
    with pytest.raises(BenchmarkError, match="holds results on cpu, this is cuda; give another --out"):
        run(tmp_path, Case("a", dict), setting=Setting(Device.CUDA, Path("nowhere")))


@pytest.mark.parametrize("content", ["[]", "{", '{"schema": 2, "parts": {}}'])
def test_another_file_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(content)
    with pytest.raises(BenchmarkError, match="is no record of a check"):
        read_results(tmp_path)
