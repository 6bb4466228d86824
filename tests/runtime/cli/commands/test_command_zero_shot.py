from __future__ import annotations

import json
from pathlib import Path

import pytest

import claxon
from claxon.cli.main import main

TEXTS = ["great book", "the phone broke"]


def zero_shot(bundle: Path, *words: str) -> int:
    return main(["zero-shot", str(bundle), "--json", *words, "--texts", *TEXTS])


def rows(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_scores_are_those_of_the_call(entailment_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--labels", " food, phone,", "--hypothesis", "it was about {} .", "--all-scores")
    assert zero_shot(entailment_bundle, *words) == 0
    found = rows(capsys)
    with claxon.load(entailment_bundle) as classifier:
        expected = classifier.zero_shot(TEXTS, ["food", "phone"], hypothesis_template="it was about {} .")
    assert [row["scores"] for row in found] == [
        pytest.approx(dict(zip(("food", "phone"), map(float, scores), strict=True)), abs=1e-6)
        for scores in expected.scores
    ]
    assert [row["predicted_label"] for row in found] == [row[0].label for row in expected]


@pytest.mark.parametrize("words", [("--labels", "food,phone", "--multi-label"), ("--labels", "food")], ids=len)
def test_any_number_of_labels_may_hold(
    entailment_bundle: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert zero_shot(entailment_bundle, *words, "--threshold", "0") == 0
    labels = words[1].split(",")
    assert [row["predicted_label"] for row in rows(capsys)] == [labels, labels]


def test_rows_of_a_file_keep_their_columns(
    entailment_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "texts.csv"
    path.write_text("id,text\n1,great book\n2,\n")
    assert main(["zero-shot", str(entailment_bundle), str(path), "--labels", "food,phone"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("id,text,predicted_label,score")
    assert lines[2].startswith("2,,,")


@pytest.mark.parametrize("words", [["--labels", "a,a"], ["--labels", ","], ["--labels", "a", "--hypothesis", "b"], []])
def test_labels_that_cannot_be_used_are_words_off(entailment_bundle: Path, words: list[str]) -> None:
    assert zero_shot(entailment_bundle, *words) == 2


def test_a_bundle_without_entailment_is_words_off(copied_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zero_shot(copied_bundle, "--labels", "a,b", "--head", "sentiment") == 2
    assert "'negative', 'positive'" in capsys.readouterr().err
