from __future__ import annotations

import json
from pathlib import Path

import pytest

from accuracy.__main__ import main
from claxon.bundle.bundle import Bundle
from tests.benchmarks.accuracy.tables import write_table


def test_what_a_bundle_allows_is_run_and_written(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLAXON_CACHE", str(tmp_path / "cache"))
    for name in ("train.csv", "validation.csv"):
        write_table(tmp_path / "data" / "emotion" / name, ["joy", "anger"])
    before = Bundle.open(tiny_bundle).digest
    words = ["--data", str(tmp_path / "data"), "--mpnet", str(tiny_bundle), "--only", "mpnet + lr, six emotions"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    written = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    (row,) = written["rows"]
    assert (row["experiment"], row["judged"], row["learnt_from"]) == ("MPNet + LR, six emotions", 24, 24)
    assert written["pooled"][0]["accuracy"] == pytest.approx(row["accuracy"]["value"])
    assert "MPNet + LR, six emotions" in (tmp_path / "out" / "results.md").read_text(encoding="utf-8")
    assert "MPNet + LR, six emotions, fp32: " in capsys.readouterr().err
    assert Bundle.open(tiny_bundle).digest == before


def test_nothing_to_run_says_what_to_give(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path)]) == 2
    assert "--mpnet BUNDLE" in capsys.readouterr().err


def test_texts_that_are_missing_are_named(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(tmp_path), "--mpnet", str(tiny_bundle), "--only", "SST-2"]) == 1
    assert "validation.csv" in capsys.readouterr().err
