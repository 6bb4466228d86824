from __future__ import annotations

import json
from pathlib import Path

import pytest

import claxon
from claxon.cli.main import main

TEXTS = ["great book", "the phone broke"]


def similar(bundle: Path, *words: str) -> int:
    return main(["similar", str(bundle), "--json", *words, "--texts", *TEXTS])


def test_scores_are_cosines(tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert similar(tiny_bundle, "--labels", "book, phone", "--template", "a {label} .", "--all-scores") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    encoder = claxon.Encoder.load(tiny_bundle)
    head = claxon.Classifier.from_labels(encoder, ["book", "phone"], template="a {label} .")
    expected = head.similarity(TEXTS)
    found = [[row["scores"]["book"], row["scores"]["phone"]] for row in rows]
    assert found == pytest.approx(expected, abs=1e-6)
    assert [row["predicted_label"] for row in rows] == head.predict(TEXTS).tolist()


def test_a_temperature_makes_probabilities(tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert similar(tiny_bundle, "--labels", "book,phone", "--temperature", "0.1", "--all-scores") == 0
    for line in capsys.readouterr().out.splitlines():
        assert sum(json.loads(line)["scores"].values()) == pytest.approx(1, abs=1e-6)


def test_labels_from_a_file(tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "labels.json"
    path.write_text(json.dumps({"good": ["great", "i love it"], "bad": "awful"}))
    assert similar(tiny_bundle, "--labels-file", str(path), "--combine", "best") == 0
    labels = {json.loads(line)["predicted_label"] for line in capsys.readouterr().out.splitlines()}
    assert labels <= {"good", "bad"}


@pytest.mark.parametrize(
    "words",
    [["--labels", "a,a"], ["--labels-file", "none.json"], ["--labels", "a,b", "--temperature", "0"], []],
)
def test_labels_that_cannot_be_used_are_words_off(tiny_bundle: Path, words: list[str]) -> None:
    assert similar(tiny_bundle, *words) == 2


YAML = """
combine: best
temperature: 0.1
margin: 2
labels:
  good: [great, i love it]
  bad: awful
"""


def test_a_yaml_file_says_how_to_compare_and_the_command_line_goes_before_it(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "labels.yaml"
    path.write_text(YAML)
    assert similar(tiny_bundle, "--labels-file", str(path), "--all-scores") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["predicted_label"] for row in rows] == [None, None]
    assert [sum(row["scores"].values()) for row in rows] == pytest.approx([1, 1], abs=1e-6)
    assert similar(tiny_bundle, "--labels-file", str(path), "--margin", "0") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["predicted_label"] for row in rows} <= {"good", "bad"}


@pytest.mark.filterwarnings("always::claxon.LabelWarning")
def test_labels_that_are_nearly_the_same_are_named(tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert similar(tiny_bundle, "--labels", "book,Book") == 0
    assert "claxon: warning: labels that can hardly be told apart: 'book' and 'Book'" in capsys.readouterr().err


def test_labels_in_another_precision(bundle_of_two_precisions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = bundle_of_two_precisions
    words = ["--labels", "book,phone", "--all-scores", "--device", "cpu", "--precision", "int8"]
    assert similar(bundle, *words, "--label-precision", "fp32") == 0
    found = [json.loads(line)["scores"] for line in capsys.readouterr().out.splitlines()]
    with (
        claxon.Encoder.load(bundle, device="cpu", precision="int8") as encoder,
        claxon.Encoder.load(bundle, device="cpu", precision="fp32") as exact,
    ):
        cosines = encoder.encode(TEXTS) @ exact.encode(["book", "phone"]).T
    assert [[row["book"], row["phone"]] for row in found] == pytest.approx(cosines, abs=1e-6)
    assert similar(bundle, *words) == 0
    own = [json.loads(line)["scores"] for line in capsys.readouterr().out.splitlines()]
    assert own != found
    assert similar(bundle, *words, "--label-precision", "fp16") == 2
    assert "the bundle holds fp32, int8" in capsys.readouterr().err
