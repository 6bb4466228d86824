"""The whole check on the CPU, on tiny models that transformers makes: what is left for a GPU is CUDA itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from claxon.engine.providers import Device
from gpu.__main__ import main
from gpu.record import read_results
from gpu.setting import BUDGETS, FULL

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Folder and results of one run."""
    for name in ("torch", "transformers"):
        pytest.importorskip(name, reason=f"{name}, which makes the models, is not installed")
    folder = tmp_path_factory.mktemp("gpu")
    paths = [str(ROOT / name) for name in ("runtime", "export", "benchmarks")]
    words = ["--device", "cpu", "--folder", str(folder / "models"), "--out", str(folder / "out")]
    done = subprocess.run(
        [sys.executable, "-m", "gpu", *words], capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "HF_HUB_OFFLINE": "1"},
    )  # fmt: skip
    return folder, read_results(folder / "out"), done


def test_everything_that_claxon_does_comes_out_right(rehearsal: Any) -> None:
    _, results, done = rehearsal
    assert set(results["parts"]) == set(BUDGETS)
    ours = {part: cases for part, cases in results["parts"].items() if part != "fast"}
    ours["fast"] = {name: case for name, case in results["parts"]["fast"].items() if "Claxon" in name}
    wrong = {
        f"{part}, {name}": case["problem"] or case["figures"]["wrong"]
        for part, cases in ours.items()
        for name, case in cases.items()
        if case["problem"] is not None or case["figures"].get("wrong")
    }
    assert wrong == {}, done.stderr[-2000:]


def test_report_and_plots_are_written(rehearsal: Any) -> None:
    folder, _, _ = rehearsal
    report = (folder / "out/gpu.md").read_text(encoding="utf-8")
    assert "a rehearsal of the check" in report
    assert "| mpnet-random, fp32 |" in report
    assert "The GPU overtakes the CPU at" in report
    for name in ("throughput.png", "batches.png"):
        assert (folder / "out" / name).stat().st_size > 1_000


def test_no_path_of_the_machine_is_written(rehearsal: Any) -> None:
    folder, _, _ = rehearsal
    written = (folder / "out/results.json").read_text(encoding="utf-8") + (folder / "out/gpu.md").read_text(
        encoding="utf-8"
    )
    assert str(folder) not in written
    assert str(ROOT) not in written


def test_what_was_measured_is_not_measured_again(rehearsal: Any, capsys: pytest.CaptureFixture[str]) -> None:
    folder, before, _ = rehearsal
    words = ["--device", "cpu", "--folder", str(folder / "models"), "--out", str(folder / "out")]
    assert main([*words, "--part", "found"]) == 0
    assert capsys.readouterr().err == ""
    assert json.dumps(read_results(folder / "out")) == json.dumps(before)


def test_the_budgets_leave_the_visit_its_time() -> None:
    assert sum(BUDGETS.values()) <= 480
    assert FULL.batches[0] == 1
    assert str(Device.CUDA) == "cuda"
