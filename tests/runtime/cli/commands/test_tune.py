from __future__ import annotations

import json
from pathlib import Path

import pytest

from claxon.bundle.bundle import Bundle
from claxon.cli.main import main
from claxon.engine import tuner
from claxon.engine.planning import machine
from claxon.engine.session import engine_version
from claxon.engine.tuning_store import recall


@pytest.fixture(autouse=True)
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAXON_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(tuner, "SECONDS", 0.0)
    monkeypatch.setattr(tuner, "plugin_version", lambda: None)


def test_candidates_are_timed_and_remembered(tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tune", str(tiny_bundle), "--threads", "1"]) == 0
    out, err = capsys.readouterr()
    assert "short tokens/s   medium tokens/s" in out
    assert "fp32 on cpu" in out
    assert "100%" in out
    assert "runs here  fp32 on cpu, 1 thread\n" in out
    assert "claxon: fp32 on cpu: " in err
    digest = Bundle.open(tiny_bundle).digest
    assert recall(digest, machine(1, engine_version())) is not None


def test_inspect_says_when_and_it_can_be_forgotten(tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tune", str(tiny_bundle), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["kept"] is True
    assert content["rates"][0]["pair"] == {"precision": "fp32", "device": "cpu"}
    assert main(["inspect", str(tiny_bundle)]) == 0
    out = capsys.readouterr().out
    assert f"the fastest when this machine was tuned, {content['tuned_at']}" in " ".join(out.split())
    assert main(["tune", str(tiny_bundle), "--forget"]) == 0
    assert capsys.readouterr().out == "forgotten\n"
    assert main(["inspect", str(tiny_bundle), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tuned_at"] is None
    assert main(["tune", str(tiny_bundle), "--forget", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"forgotten": False}


def test_texts_from_a_file(tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "texts.csv").write_text("id,review\n1,great book\n2,the phone broke today\n")
    assert main(["tune", str(tiny_bundle), "--texts", str(tmp_path / "texts.csv"), "--text", "review"]) == 0
    assert main(["tune", str(tiny_bundle), "--texts", str(tmp_path / "none.csv")]) == 1
    assert "none.csv" in capsys.readouterr().err


def test_a_cache_that_cannot_be_written_is_told_of(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CLAXON_CACHE", str(tmp_path / "file"))
    assert main(["tune", str(tiny_bundle), "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["kept"] is False
    assert "cannot be written; set CLAXON_CACHE" in err
