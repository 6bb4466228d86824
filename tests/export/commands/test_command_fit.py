from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

import claxon
from claxon.cli.main import main


def test_fit_says_how_good_the_head_is(copied_bundle: Path, reviews: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["fit", str(copied_bundle), str(reviews), "--head", "own", "--seed", "1"]
    assert main([*words, "--feature", "mean", "--C", "10", "--class-weight", "balanced", "--test-size", "0.5"]) == 0
    shown = capsys.readouterr().out
    assert "rows      10 for training, 10 held out" in shown
    assert "baseline  0.500" in shown
    head = claxon.load(copied_bundle, head="own")
    assert head.labels == ("neg", "pos")
    assert head.heads["own"].feature == "mean"


def test_labels_of_json_lines_keep_their_type(copied_bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [{"review": f"good {i}", "stars": i % 3} for i in range(12)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = ["fit", str(copied_bundle), str(path), "--head", "stars", "--text", "review", "--label", "stars"]
    assert main([*words, "--test-size", "0"]) == 0
    assert claxon.load(copied_bundle, head="stars").labels == (0, 1, 2)


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        ("text,mood\na,b\n", 2, "no column 'label'; choose one with --label: text, mood"),
        ("text,label\na,x\nb,\n", 1, "line 3 has no label"),
        ("text,label\na,x\nb,x\n", 1, "two or more"),
    ],
)
def test_rows_that_cannot_train(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, code: int, message: str
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(content)
    assert main(["fit", str(tiny_bundle), str(path), "--head", "own"]) == code
    assert message in capsys.readouterr().err


def test_plain_lines_have_no_labels(tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.txt"
    path.write_text("a\n")
    assert main(["fit", str(tiny_bundle), str(path), "--head", "own"]) == 2
    assert "--format csv" in capsys.readouterr().err


@pytest.mark.filterwarnings("default")  # the command line prints them
def test_all_options_together(copied_bundle: Path, reviews: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["fit", str(copied_bundle), str(reviews), "--head", "own", "--features", "auto", "--C", "auto"]
    more = ["--calibrate", "--few-shot", "1,2", "--device", "cpu", "--precision", "fp32", "--threads", "1"]
    assert main([*words, *more, "--no-cache", "--max-iter", "500"]) == 0
    shown = capsys.readouterr().out
    assert "compared" in shown
    assert "calibrated" in shown
    assert "labels per class" in shown
    details = claxon.Bundle.open(copied_bundle).manifest.heads[-1].details
    assert details["data"] == "reviews.csv"
    assert details["data_sha256"] == hashlib.sha256(reviews.read_bytes()).hexdigest()


@pytest.mark.filterwarnings("default")  # the command line prints them
def test_unusual_labels_cause_warnings(copied_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.csv"
    rows = "".join(f"good {i},pos\nbad {i},neg\n" for i in range(6))
    path.write_text(f"text,label\n,pos\n{rows}odd,Pos\n")
    assert main(["fit", str(copied_bundle), str(path), "--head", "own"]) == 0
    captured = capsys.readouterr()
    assert "warning" in captured.err
    assert "rows.csv: of 14 rows, 1 without text (line 2) was left out" in captured.err
    assert "only seen once: 'Pos' (line 15)" in captured.err
    assert "'Pos' and 'pos'" in captured.err
    assert "1 rows left out" in captured.out


@pytest.mark.filterwarnings("default")  # the command line prints them
def test_rows_without_a_label_may_be_left_out(copied_bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,label\na,\n" + "good,pos\nbad,neg\n" * 5)
    words = ["fit", str(copied_bundle), str(path), "--head", "own"]
    assert main(words) == 1
    assert main([*words, "--skip-unlabelled"]) == 0


@pytest.mark.parametrize(
    "words", [["--C", "best"], ["--few-shot", "0"], ["--few-shot", "1,x"], ["--feature", "max"], ["--precision", "x"]]
)
def test_invalid_arguments_are_usage_errors(words: list[str], tiny_bundle: Path, reviews: Path) -> None:
    assert main(["fit", str(tiny_bundle), str(reviews), "--head", "own", *words]) == 2


@pytest.mark.parametrize("quiet", [[], ["--quiet"]])
def test_progress_is_told_on_standard_error(
    copied_bundle: Path, reviews: Path, capsys: pytest.CaptureFixture[str], quiet: list[str]
) -> None:
    assert main(["fit", str(copied_bundle), str(reviews), "--head", "own", "--no-cache", *quiet]) == 0
    lines = ["claxon: 20 rows read, 20 used", "claxon: encoding 20 texts", "claxon: training on 16 texts"]
    assert capsys.readouterr().err.splitlines() == ([] if quiet else lines)


def test_a_large_calibration_error_names_the_option_and_its_figure(
    copied_bundle: Path, reviews: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fit", str(copied_bundle), str(reviews), "--head", "own", "--C", "0.001"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert re.search(r"calibration the probabilities are off by 0\.\d{3} .* --calibrate would make it 0\.\d{3}", shown)
