from __future__ import annotations

import json
from pathlib import Path

import pytest

import claxon
from claxon.bundle.manifest import LabelValue, Manifest
from claxon.cli.main import main
from tests.bundles import reseal
from tests.training import fit_words


def test_heads_are_listed_with_what_they_were_trained_on(
    copied_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = fit_words(copied_bundle, class_weight="balanced")
    assert main(["heads", str(copied_bundle)]) == 0
    shown = capsys.readouterr().out
    assert "sentiment\n  kind        logistic on embedding\n" in shown
    assert "topic\n  kind    similarity on embedding\n  labels  3: book, phone, food\n  gives   cosine\n" in shown
    assert "trained on  32 texts (SHA-256 " in shown
    words = "precision fp32, C 1.0, class_weight balanced, calibration none, seed 0"
    assert words in " ".join(shown.split())
    assert f"held out    on 8 texts: accuracy {report.accuracy:.3f}, macro F1" in shown


def test_a_program_reads_all_of_it(copied_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["heads", str(copied_bundle), "--json"]) == 0
    sentiment, topic = json.loads(capsys.readouterr().out)
    assert (sentiment["name"], sentiment["labels"]) == ("sentiment", ["negative", "positive"])
    assert sentiment["details"]["claxon"] == claxon.__version__
    assert topic["kind"] == "similarity"


def test_heads_with_other_details_are_listed_as_well(copied_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def change(manifest: Manifest) -> Manifest:
        from dataclasses import replace

        older = {"training_texts": 8, "held_out_accuracy": 0.5, "seed": 1}
        return replace(manifest, heads=tuple(replace(head, details=dict(older)) for head in manifest.heads))

    reseal(copied_bundle, change)
    assert main(["heads", str(copied_bundle)]) == 0
    assert "trained on  8 texts; seed 1\n  held out    accuracy 0.500" in capsys.readouterr().out


def test_details_of_another_type_are_shown_as_they_are(copied_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def change(manifest: Manifest) -> Manifest:
        from dataclasses import replace

        odd: dict[str, LabelValue] = {
            "training_texts": "many",
            "held_out_texts": "few",
            "held_out_accuracy": "good",
            "baseline_accuracy": 1,
        }
        return replace(manifest, heads=tuple(replace(head, details=dict(odd)) for head in manifest.heads))

    reseal(copied_bundle, change)
    assert main(["heads", str(copied_bundle)]) == 0
    shown = capsys.readouterr().out
    assert "many texts" in shown
    assert "on few texts: accuracy good, baseline 1.000" in shown


def test_many_labels_are_counted(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import claxon_export

    texts, labels = [f"text {i}" for i in range(60)], [f"label {i % 30:02}" for i in range(60)]
    claxon_export.fit(bundle, texts, labels, head="many", test_size=0)
    assert main(["heads", str(bundle)]) == 0
    shown = capsys.readouterr().out
    assert "30: label 00," in shown
    assert "and 10 more" in shown


def test_a_bundle_without_heads_says_what_to_do(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["heads", str(bundle)]) == 0
    assert "no heads; add one with `claxon fit`" in capsys.readouterr().out
    assert main(["heads", str(bundle), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_no_bundle_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["heads", str(tmp_path)]) == 1
    assert "expected a bundle" in capsys.readouterr().err
