from __future__ import annotations

import json
from pathlib import Path

import pytest

import claxon
from claxon.cli import main


def test_fit_says_how_good_the_head_is(copied_bundle: Path, reviews: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["fit", str(copied_bundle), str(reviews), "--head", "own", "--seed", "1"]
    assert main([*words, "--feature", "mean", "--C", "10", "--class-weight", "balanced", "--test-size", "0.5"]) == 0
    shown = capsys.readouterr().out
    assert "fitted    on 10 texts" in shown
    assert "on 10 texts held out" in shown
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
