from __future__ import annotations

import json
from pathlib import Path

import pytest

import claxon
from claxon.cli.cold_start import ColdStart
from claxon.cli.commands import doctor
from claxon.cli.main import main
from claxon.diagnostics.doctor import Diagnosis, Finding
from claxon.errors import EngineError

WELL = Diagnosis({"versions": (Finding("claxon", "1"),)})
ILL = Diagnosis({"engine": (Finding("CUDA", "does not start", "install the driver"),)})


def test_a_bundle_that_is_whole(tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", str(tiny_bundle)])
    out = capsys.readouterr().out
    assert f"claxon {claxon.__version__}" in " ".join(out.split())
    for expected in (
        "CPUExecutionProvider",
        "affinity",
        "tokenizer.json        whole",
        "runs, fp32 on cpu, 2 heads",
    ):
        assert expected in out


def test_a_healthy_machine_exits_with_0(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(doctor, "diagnose", lambda _: WELL)
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out.endswith("no problems found\n")


def test_something_wrong_is_one_with_its_cure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "diagnose", lambda _: ILL)
    assert main(["doctor"]) == 1
    assert capsys.readouterr().out.endswith("wrong\n  1  install the driver\n")


def test_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(doctor, "diagnose", lambda _: ILL)
    assert main(["doctor", "--json"]) == 1
    content = json.loads(capsys.readouterr().out)
    assert content["problems"] == ["install the driver"]


def test_timing_is_printed(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "diagnose", lambda _: WELL)
    monkeypatch.setattr(doctor, "measure_cold_start", lambda *_, **__: ColdStart(0.21, 1.04, "label"))
    assert main(["doctor", str(tiny_bundle), "--timing"]) == 0
    out = capsys.readouterr().out
    assert "import claxon  0.21 s" in out
    assert "first label    1.04 s" in out


def test_a_process_that_fails_is_a_problem(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fails(*_: object, **__: object) -> ColdStart:
        raise EngineError("a fresh process failed: no")

    monkeypatch.setattr(doctor, "diagnose", lambda _: WELL)
    monkeypatch.setattr(doctor, "measure_cold_start", fails)
    assert main(["doctor", "--timing"]) == 1
    assert "a fresh process failed: no" in capsys.readouterr().out
