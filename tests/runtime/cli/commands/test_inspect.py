from __future__ import annotations

import json
from pathlib import Path

import pytest

from claxon.bundle.bundle import Bundle
from claxon.cli.main import main


def test_the_summary_has_what_the_manifest_has(tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(tiny_bundle)]) == 0
    out = capsys.readouterr().out
    bundle = Bundle.open(tiny_bundle)
    for expected in (
        bundle.digest,
        "mpnet: 2 layers, width 32, 4 attention heads",
        "embedding 32 (unit-norm mean, default)",
        "layer.0 to 1, each",
        "max tokens    48",
        "because    not tuned; the bundle has no int8; `claxon tune` measures",
        "negative, positive",
        "book, phone, food",
        "cosines, no probabilities",
        "max difference",
        bundle.manifest.provenance.source,
        bundle.manifest.provenance.files["config.json"][:12],
    ):
        assert expected in out
    assert not any(line != line.rstrip() for line in out.splitlines())
    assert max(map(len, out.splitlines()[1:])) <= 100


def test_json_is_the_manifest_and_more(tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(tiny_bundle), "--json", "--graph"]) == 0
    content = json.loads(capsys.readouterr().out)
    manifest = json.loads((tiny_bundle / "manifest.json").read_text())
    del manifest["seal"]
    assert {key: content[key] for key in manifest} == manifest
    assert content["graphs"]["encoder.onnx"]["LayerNormalization"] >= 4


def test_the_operators_of_the_graph(tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(tiny_bundle), "--graph"]) == 0
    assert "operators of encoder.onnx" in capsys.readouterr().out


def test_a_folder_that_is_no_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(tmp_path)]) == 1
    assert "has no manifest.json" in capsys.readouterr().err


def test_every_kind_of_scores_is_said_in_words(bundle_of_kinds: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(bundle_of_kinds)]) == 0
    out = capsys.readouterr().out
    for words in ("a probability for each label by itself", "values of a decision function, no", "scores  a number"):
        assert words in out
