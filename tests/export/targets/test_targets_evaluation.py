"""Heads of several labels and of numbers, evaluated by function and by command, against scikit-learn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import claxon
from claxon.cli.main import main
from claxon.errors import OptionError
from claxon_export.errors import LabelError
from claxon_export.evaluation.evaluate import evaluate
from claxon_export.targets.targets_evaluation import evaluate_multi_label, evaluate_regression
from claxon_export.targets.targets_lines import targets_lines
from tests.head_kinds import TAGS

metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
TEXTS = ["great book", "awful phone", "the food is good", "bad service , it broke", "i love the film"]
HELD: list[tuple[str, ...]] = [("book",), ("phone", "food"), (), ("food",), ("book", "phone")]
NUMBERS = [4.0, 1.5, 3.0, 0.5, 5.0]


@pytest.mark.parametrize("threshold", [None, 0.3])
def test_the_figures_are_those_of_the_classifiers_labels(bundle_of_kinds: Path, threshold: float | None) -> None:
    found = evaluate_multi_label(bundle_of_kinds, TEXTS, HELD, head="tags", threshold=threshold)
    given = claxon.load(bundle_of_kinds, "tags", threads=1).predict(TEXTS, threshold=threshold)
    truth, held = (np.array([[tag in row for tag in TAGS] for row in rows]) for rows in (HELD, given))
    assert found.scores.figures["micro_f1"] == pytest.approx(metrics.f1_score(truth, held, average="micro"))
    assert found.scores.figures["subset_accuracy"] == pytest.approx((truth == held).all(axis=1).mean())
    assert found.thresholds == (threshold or 0.5,) * 3


def test_the_figures_of_numbers_are_those_of_predict(bundle_of_kinds: Path) -> None:
    found = evaluate_regression(bundle_of_kinds, TEXTS, NUMBERS, head="stars")
    predicted = claxon.load(bundle_of_kinds, "stars", threads=1).predict(TEXTS)
    assert found.scores.figures["mae"] == pytest.approx(metrics.mean_absolute_error(NUMBERS, predicted), rel=1e-5)
    assert json.loads(found.to_json())["scores"]["figures"].keys() == {"mae", "rmse", "spearman"}
    assert any("root mean squared error" in line for line in targets_lines(found))


def test_the_command_reads_joined_labels_and_numbers(
    bundle_of_kinds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "in.csv"
    rows = zip(TEXTS, HELD, NUMBERS, strict=True)
    path.write_text("text;tags;stars\n" + "".join(f"{text};{'|'.join(held)};{n}\n" for text, held, n in rows))
    asked = ["evaluate", str(bundle_of_kinds), str(path), "--quiet"]
    assert main([*asked, "--head", "tags", "--label", "tags", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    expected = evaluate_multi_label(bundle_of_kinds, TEXTS, HELD, head="tags")
    assert found["scores"] == json.loads(expected.to_json())["scores"]
    assert main([*asked, "--head", "stars", "--label", "stars"]) == 0
    assert "Spearman" in capsys.readouterr().out
    assert main([*asked, "--head", "stars", "--label", "stars", "--ordered"]) == 2
    assert "--ordered is not for it" in capsys.readouterr().err
    assert main([*asked, "--head", "stars", "--head", "tags", "--label", "stars"]) == 2
    assert "is evaluated alone" in capsys.readouterr().err


def test_the_command_fits_several_labels(
    copied_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "in.jsonl"
    rows: list[dict[str, Any]] = [{"text": text, "label": list(held)} for text, held in zip(TEXTS, HELD, strict=True)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = ["fit", str(copied_bundle), str(path), "--head", "new", "--multi-label", "--test-size", "0", "--quiet"]
    assert main(asked) == 0
    assert "3: book, food, phone" in capsys.readouterr().out
    assert claxon.load(copied_bundle, "new").labels == ("book", "food", "phone")


def test_other_kinds_are_refused_by_name(bundle_of_kinds: Path) -> None:
    with pytest.raises(OptionError, match="head 'stars' gives regression, expected multi_label"):
        evaluate_multi_label(bundle_of_kinds, TEXTS, HELD, head="stars")
    with pytest.raises(OptionError, match="head 'tags' gives multi_label: evaluate it by evaluate_multi_label"):
        evaluate(bundle_of_kinds, TEXTS, ["a"] * 5, heads=["tags"])
    with pytest.raises(LabelError, match="has the label 'film', expected some of 'book', 'phone', 'food'"):
        evaluate_multi_label(bundle_of_kinds, TEXTS, [("film",)] * 5, head="tags")
