from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from claxon.cli.main import main
from tests.texts import REVIEWS

FAST = ["--resamples", "20", "--device", "cpu", "--precision", "fp32"]


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Forty labeled reviews, their columns called otherwise than usual, with semicolons and a byte order mark."""
    path = tmp_path / "rows.csv"
    lines = ["Review;Mood", *(f'"{text} {i}";{label}' for i in range(5) for text, label in REVIEWS.items())]
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    return path


def words(bundle: Path, rows: Path, *more: str) -> list[str]:
    return ["evaluate", str(bundle), str(rows), "--text", "Review", "--label", "Mood", *FAST, *more]


def test_figures_are_shown(tiny_bundle: Path, rows: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words(tiny_bundle, rows)) == 0
    shown = capsys.readouterr().out
    assert "40 texts, 2 labels; fp32 on cpu" in shown
    assert "sentiment" in shown
    assert "most frequent label" in shown
    assert "head 'topic' is not evaluated" in shown


def test_json_is_all_that_is_printed(tiny_bundle: Path, rows: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words(tiny_bundle, rows, "--json", "--head", "sentiment", "--no-cache", "--seed", "3")) == 0
    result = json.loads(capsys.readouterr().out)
    assert [head["name"] for head in result["heads"]] == ["sentiment"]
    assert result["conditions"]["seed"] == 3
    assert result["source"]["place"] == "line"


def test_report_is_written_and_not_overwritten(
    tiny_bundle: Path, rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "report"
    requested = words(tiny_bundle, rows, "--report", str(target), "--no-pictures")
    assert main(requested) == 0
    assert f"report written to {target / 'index.html'}" in capsys.readouterr().err
    assert main(requested) == 1
    assert "give --force" in capsys.readouterr().err
    assert main([*requested, "--force"]) == 0


def test_pictures_need_an_extra_and_can_be_done_without(
    tiny_bundle: Path, rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(words(tiny_bundle, rows, "--report", str(tmp_path / "report"))) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "pip install 'claxon[report]'; or add --no-pictures" in told.err


def test_falling_short_is_exit_code_1_after_the_figures(
    tiny_bundle: Path, rows: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(tiny_bundle, rows, "--fail-under", "accuracy=1.01", "--fail-over", "log_loss=0")) == 1
    told = capsys.readouterr()
    assert "accuracy of sentiment is" in told.err
    assert "below 1.01; log_loss of sentiment is" in told.err
    assert "macro F1" in told.out


def test_reaching_it_is_exit_code_0(tiny_bundle: Path, rows: Path) -> None:
    assert main(words(tiny_bundle, rows, "--fail-under", "accuracy=0", "--fail-over", "log_loss=99")) == 0


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (["--fail-under", "acuracy=0.8"], 2, "unknown metric 'acuracy'; the metrics are accuracy, macro_f1"),
        (["--fail-under", "log_loss=0.8"], 2, "log_loss goes with --fail-over"),
        (["--head", "mood"], 2, "no head 'mood'; its heads are: sentiment, topic"),
        (["--head", "topic"], 1, "head 'topic' does not know 'positive', 'negative'"),
        (["--map", "positive"], 2, "expected OLD=NEW"),
        (["--map", "good=positive"], 2, "no label 'good' to be mapped, but 'positive', 'negative'"),
        (["--label", "label"], 2, "no column 'label'; choose one with --label: Review, Mood"),
        (["--batch-size", "3"], 2, "unrecognized arguments"),
    ],
)
def test_invalid_arguments_are_usage_errors(
    tiny_bundle: Path, rows: Path, capsys: pytest.CaptureFixture[str], more: list[str], code: int, message: str
) -> None:
    assert main(words(tiny_bundle, rows, *more)) == code
    assert message in capsys.readouterr().err


def test_labels_are_mapped_and_left_out(tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,label\ngood book,1\nbad food,0\nso so,2\ngreat,1\n")
    requested = ["evaluate", str(tiny_bundle), str(path), *FAST, "--map", "1=positive", "--map", "0=negative"]
    assert main(requested) == 1
    assert "does not know '2' (1 of 4 texts)" in capsys.readouterr().err
    assert main([*requested, "--leave-out-unknown"]) == 0
    assert "1 left out: with a label that a head does not know" in capsys.readouterr().out


def test_one_class_and_one_row_can_be_judged(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,label\ngood book,positive\n")
    report = tmp_path / "report"
    assert main(["evaluate", str(tiny_bundle), str(path), *FAST, "--learning-curve", "--report", str(report)]) == 0
    assert "1 texts, 1 labels" in capsys.readouterr().out
    assert (report / "index.html").exists()


def test_judging_a_head_on_what_it_learnt_from_is_told(
    copied_bundle: Path, reviews: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fit", str(copied_bundle), str(reviews), "--head", "own"]) == 0
    assert main(["evaluate", str(copied_bundle), str(reviews), *FAST, "--head", "own"]) == 0
    assert "head 'own' was fitted on these very texts" in capsys.readouterr().out


@pytest.mark.parametrize("quiet", [[], ["--quiet"]])
def test_progress_is_told_on_standard_error(
    tiny_bundle: Path, rows: Path, capsys: pytest.CaptureFixture[str], quiet: list[str]
) -> None:
    assert main(words(tiny_bundle, rows, "--no-cache", *quiet)) == 0
    lines = ["claxon: encoding 16 texts", "claxon: evaluating the heads"]
    shown = capsys.readouterr().err.splitlines()
    assert (
        (shown == []) if quiet else (lines[1] in shown and any(line.startswith("claxon: encoding ") for line in shown))
    )
