from __future__ import annotations

import csv
from pathlib import Path

import pytest

import claxon
from claxon.cli.main import main
from claxon.cli.streaming import LARGEST_WINDOW

WORDS = ["--labels", "good,bad", "--template", "the book is {label}"]


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """Rows of ``id``, ``text``, ``truth``; the truth of every second one is not known."""
    path = tmp_path / "texts.csv"
    rows = [f"{i},{'good' if i % 4 < 2 else 'bad'} book {i},{('good', '', 'bad', '')[i % 4]}" for i in range(40)]
    path.write_text("\n".join(["id,text,truth", *rows]) + "\n")
    return path


def run(bundle: Path, texts: Path, *words: str) -> int:
    return main(["bootstrap", str(bundle), str(texts), "--head", "mood", *words])


@pytest.mark.filterwarnings("always:.* without text")
def test_a_head_is_trained_added_and_judged(
    copied_bundle: Path, texts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "chosen.csv"
    with texts.open("a") as stream:
        stream.write("40, ,good\n")
    assert run(copied_bundle, texts, *WORDS, "--label", "truth", "--share", "0.5", "-o", str(out)) == 0
    captured = capsys.readouterr()
    assert "of 41 rows, 1 without text (line 42) were left out" in captured.err
    assert "of 40 texts" in captured.out
    assert "of 4 texts held out" in captured.out
    assert claxon.load(copied_bundle, head="mood").labels == ("bad", "good")
    with out.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["id", "text", "truth", "predicted_label", "score", "margin"]
    assert [int(row["id"]) for row in rows] == sorted(int(row["id"]) for row in rows)
    assert {row["predicted_label"] for row in rows} == {"good", "bad"}
    assert main(["heads", str(copied_bundle)]) == 0
    assert "labels by   similarity to label names (pseudo-labels, not truth)" in capsys.readouterr().out


def test_a_trial_leaves_the_bundle_as_it_is(
    copied_bundle: Path, texts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (copied_bundle / "manifest.json").read_bytes()
    assert run(copied_bundle, texts, *WORDS, "--dry-run") == 0
    assert "(not added)" in capsys.readouterr().out
    assert (copied_bundle / "manifest.json").read_bytes() == before


def test_plain_lines_are_texts(copied_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "texts.txt"
    path.write_text("".join(f"{'good' if i % 2 else 'bad'} book {i}\n" for i in range(LARGEST_WINDOW // 16)))
    assert run(copied_bundle, path, *WORDS, "--per-label", "7", "--dry-run") == 0
    assert "chosen  14 of 64 texts" in capsys.readouterr().out


def test_the_rows_are_written_whole_or_not_at_all(copied_bundle: Path, texts: Path, tmp_path: Path) -> None:
    out = tmp_path / "chosen.jsonl"
    assert run(copied_bundle, texts, *WORDS, "--threshold", "2", "-o", str(out)) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "texts.csv"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ([*WORDS, "--label", "stars"], 2, "no column 'stars', but id, text, truth"),
        ([*WORDS, "--label", "id"], 1, "is not one of the labels good, bad"),
        ([*WORDS, "--text", "review"], 2, "no column 'review'"),
        ([*WORDS, "-o", "chosen.txt"], 2, "has to end in one of .csv"),
        ([*WORDS, "-o", "none/chosen.csv"], 1, "none/chosen.csv could not be written: No such file"),
        ([*WORDS, "--share", "2"], 2, "share is 2.0"),
        (["--labels", "good"], 2, "two or more"),
        ([], 2, "--labels"),
    ],
)
def test_invalid_arguments_are_usage_errors(
    copied_bundle: Path,
    texts: Path,
    words: list[str],
    code: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(texts.parent)
    assert run(copied_bundle, texts, *words) == code
    assert message in capsys.readouterr().err
    assert all(head.name != "mood" for head in claxon.Bundle.open(copied_bundle).manifest.heads)


def test_an_added_column_of_the_same_name(copied_bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    path.write_text("text,score\n" + "".join(f"{'good' if i % 2 else 'bad'} book {i},{i}\n" for i in range(20)))
    assert run(copied_bundle, path, *WORDS, "--dry-run", "-o", str(tmp_path / "out.csv")) == 2
    assert run(copied_bundle, path, *WORDS, "--dry-run", "-o", str(tmp_path / "out.csv"), "--prefix", "x_") == 0


@pytest.mark.parametrize(
    ("content", "message"), [('{"text": " "}\n', "no row with a text"), ('{"text": "a", "truth": [1]}\n', "line 1 has")]
)
def test_rows_that_cannot_be_used(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, message: str
) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text(content)
    words = ["--label", "truth"] if "truth" in content else []
    assert run(tiny_bundle, path, *WORDS, *words) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("quiet", [[], ["--quiet"]])
@pytest.mark.filterwarnings("default")
def test_progress_is_told_on_standard_error(
    copied_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], quiet: list[str]
) -> None:
    path = tmp_path / "texts.txt"
    path.write_text("".join(f"good book {i}\nawful phone {i}\n" for i in range(10)))
    words = ["bootstrap", str(copied_bundle), str(path), "--labels", "good,awful", "--head", "own", "--no-cache"]
    assert main([*words, *quiet]) == 0
    assert ("claxon: encoding 20 texts" in capsys.readouterr().err) is not bool(quiet)
