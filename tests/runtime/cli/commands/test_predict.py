from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

import claxon
from claxon.cli.main import main

TEXTS = ["great book , i love it", "awful film", "the food was very good", "Straße 5"]
LONG = "very " * 100 + "good"


@pytest.fixture(scope="module")
def sentiment(tiny_bundle: Path) -> claxon.Classifier:
    return claxon.load(tiny_bundle, head="sentiment")


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def rows_of(out: str, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(out, newline=""), delimiter=delimiter, strict=True))


def objects_of(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_csv_in_csv_out(
    tiny_bundle: Path, sentiment: claxon.Classifier, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "in.csv"
    path.write_text("id;text\n" + "".join(f"{i};{text}\n" for i, text in enumerate(TEXTS)), encoding="utf-8")
    assert main(["predict", str(tiny_bundle), str(path), "--head", "sentiment"]) == 0
    rows = rows_of(capsys.readouterr().out, ";")
    assert list(rows[0]) == ["id", "text", "predicted_label", "score", "truncated"]
    assert [row["text"] for row in rows] == TEXTS
    expected = sentiment.predictions(TEXTS)
    assert [row["predicted_label"] for row in rows] == expected.labels.tolist()
    assert [float(row["score"]) for row in rows] == pytest.approx(expected.scores.max(axis=1), abs=1e-6)
    assert {row["truncated"] for row in rows} == {""}


def test_json_lines_keep_their_keys_and_say_truncated_where_it_happened(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps({"n": [1], "text": "good"}) + "\n" + json.dumps({"text": LONG}) + "\n")
    assert main(["predict", str(tiny_bundle), str(path), "--head", "sentiment"]) == 0
    captured = capsys.readouterr()
    short, long = objects_of(captured.out)
    assert list(short) == ["n", "text", "predicted_label", "score"]
    assert short["n"] == [1]
    assert long["truncated"] is True
    assert captured.err == "claxon: 2 rows read, 2 labelled\nclaxon: 1 of 2 texts were truncated to 48 tokens\n"


def test_csv_says_true_where_a_text_was_cut(tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(tiny_bundle), "--head", "sentiment", "-q", "--texts", "good", LONG]) == 0
    captured = capsys.readouterr()
    assert [row["truncated"] for row in rows_of(captured.out)] == ["", "true"]
    assert captured.err == ""


def test_lines_from_standard_input_become_csv(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("\n".join(TEXTS).encode())))
    assert main(["predict", str(tiny_bundle), "--head", "sentiment"]) == 0
    assert [row["text"] for row in rows_of(capsys.readouterr().out)] == TEXTS


def test_every_head_from_one_run(tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(tiny_bundle), "--all-heads", "--json", "--texts", *TEXTS]) == 0
    found = objects_of(capsys.readouterr().out)
    expected = claxon.load(tiny_bundle).predict_all(TEXTS)
    assert list(found[0]) == [
        "text", "predicted_label_sentiment", "score_sentiment", "predicted_label_topic", "score_topic",
    ]  # fmt: skip
    for name, labels in expected.items():
        assert [row[f"predicted_label_{name}"] for row in found] == labels.tolist()


def test_top_k_and_all_scores_nest_in_json(tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["predict", str(tiny_bundle), "--head", "topic", "--top-k", "2", "--all-scores", "--json"]
    assert main([*words, "--texts", TEXTS[0]]) == 0
    (row,) = objects_of(capsys.readouterr().out)
    assert set(row["scores"]) == {"book", "phone", "food"}
    assert [label for label, _ in row["labels"]] == sorted(row["scores"], key=row["scores"].get, reverse=True)[:2]
    assert row["labels"][0] == [row["predicted_label"], row["score"]]


def test_below_the_threshold_there_is_no_label(tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["predict", str(tiny_bundle), "--head", "sentiment", "--threshold", "1.5", "--texts", "good"]
    assert main(words) == 0
    assert rows_of(capsys.readouterr().out)[0]["predicted_label"] == ""
    assert main([*words, "--json"]) == 0
    assert objects_of(capsys.readouterr().out)[0]["predicted_label"] is None


def test_many_windows_keep_the_order(tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "in.txt"
    path.write_text("".join(f"good book {'very ' * (i % 7)}{i}\n" for i in range(1500)))
    assert main(["predict", str(tiny_bundle), str(path), "--head", "sentiment"]) == 0
    assert [row["text"] for row in rows_of(capsys.readouterr().out)] == path.read_text().splitlines()


def test_the_output_file_tells_the_format(tiny_bundle: Path, tmp_path: Path) -> None:
    words = ["predict", str(tiny_bundle), "--head", "sentiment", "--texts", "good"]
    assert main([*words, "-o", str(tmp_path / "out.jsonl")]) == 0
    assert objects_of((tmp_path / "out.jsonl").read_text())[0]["text"] == "good"
    assert main([*words, "-o", str(tmp_path / "out.tsv")]) == 0
    assert (tmp_path / "out.tsv").read_text().startswith("text\tpredicted_label\t")


@pytest.mark.parametrize("error", [KeyboardInterrupt, claxon.EngineError])
def test_an_end_in_the_middle_leaves_no_file(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    source = tmp_path / "in.txt"
    source.write_text("good\n" * 300)
    calls: list[int] = []
    predictions = claxon.Classifier.predictions

    def failing(self: claxon.Classifier, *args: Any, **options: Any) -> claxon.Predictions:
        calls.append(1)
        if len(calls) == 2:
            raise error
        return predictions(self, *args, **options)

    monkeypatch.setattr(claxon.Classifier, "predictions", failing)
    words = ["predict", str(tiny_bundle), str(source), "--head", "sentiment", "-o", str(tmp_path / "out.csv")]
    assert main(words) == (130 if error is KeyboardInterrupt else 1)
    assert names_in(tmp_path) == ["in.txt"]


def test_a_bad_row_ends_it_and_leaves_no_file(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.csv").write_text("text,n\ngood,1\nbad\n")
    words = ["predict", str(tiny_bundle), str(tmp_path / "in.csv"), "--head", "sentiment", "-o"]
    assert main([*words, str(tmp_path / "out.csv")]) == 1
    assert "line 3 has 1 fields" in capsys.readouterr().err
    assert names_in(tmp_path) == ["in.csv"]


def test_an_added_column_that_is_there_already(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.csv").write_text("text,score\ngood,1\n")
    words = ["predict", str(tiny_bundle), str(tmp_path / "in.csv"), "--head", "sentiment"]
    assert main(words) == 2
    assert "--prefix" in capsys.readouterr().err
    assert main([*words, "--prefix", "claxon_"]) == 0
    assert list(rows_of(capsys.readouterr().out)[0])[1:3] == ["score", "claxon_predicted_label"]


def test_which_head_must_be_said(tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(tiny_bundle), "--texts", "good"]) == 2
    assert "--head sentiment or --head topic, or --all-heads" in capsys.readouterr().err
    assert main(["predict", str(tiny_bundle), "--texts", "good", "--head", "x"]) == 2
    assert "no head 'x'; its heads are: sentiment, topic" in capsys.readouterr().err


def test_no_bundle_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(tmp_path / "none"), "--texts", "good"]) == 1
    assert "is not a folder" in capsys.readouterr().err


def test_an_input_without_rows_gives_a_header(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.csv").write_text("text\n")
    assert main(["predict", str(tiny_bundle), str(tmp_path / "in.csv"), "--head", "sentiment"]) == 0
    assert capsys.readouterr().out == "text,predicted_label,score,truncated\n"


BAD_ROWS = """{"id": 1, "text": "great book"}
{"id": 2, "text": 2.5}
{"id": 3, "text": "\\ud800"}
{"id": 4}
{"id": 5, "text": "awful film"}
"""


def test_rows_without_a_text_are_recorded(
    tiny_bundle: Path, sentiment: claxon.Classifier, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(BAD_ROWS)
    words = ["predict", str(tiny_bundle), str(path), "--head", "sentiment"]
    assert main(words) == 1
    assert "line 2: 'text' is float (2.5), expected a string" in capsys.readouterr().err
    assert main([*words, "--errors", "record"]) == 0
    captured = capsys.readouterr()
    found = objects_of(captured.out)
    assert [row["id"] for row in found] == [1, 2, 3, 4, 5]
    expected = sentiment.predict(["great book", "awful film"]).tolist()
    assert [row["predicted_label"] for row in found if "predicted_label" in row] == expected
    assert [row["id"] for row in found if "error" in row] == [2, 3, 4]
    assert "claxon: 3 rows without a result, the first: " in captured.err
    assert "line 2: 'text' is float" in captured.err
    assert main([*words, "--errors", "record", "--output-format", "csv"]) == 0
    rows = rows_of(capsys.readouterr().out)
    assert list(rows[0]) == ["id", "text", "predicted_label", "score", "truncated", "error"]
    assert [bool(row["error"]) for row in rows] == [False, True, True, True, False]
    assert [bool(row["predicted_label"]) for row in rows] == [True, False, False, False, True]


def test_a_digest_can_be_pinned(tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["predict", str(tiny_bundle), "--head", "sentiment", "--texts", "great book", "--expected-digest"]
    assert main([*words, claxon.Bundle.open(tiny_bundle).digest]) == 0
    assert main([*words, "0" * 64]) == 1
    assert "this is a different bundle" in capsys.readouterr().err
    assert main([*words, "0"]) == 2


@pytest.mark.parametrize("head", ["tags", "stars", "margin"])
def test_every_kind_of_head_labels_in_csv_and_in_json(
    bundle_of_kinds: Path, head: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["predict", str(bundle_of_kinds), "--head", head, "--texts", *TEXTS, " "]
    assert main(asked) == 0
    rows = rows_of(capsys.readouterr().out)
    assert main([*asked, "--json"]) == 0
    found = objects_of(capsys.readouterr().out)
    expected = claxon.load(bundle_of_kinds, head).predictions(TEXTS)
    assert [float(row["score"]) for row in rows[:-1]] == pytest.approx(expected.scores.max(axis=1), abs=1e-5)
    assert rows[-1]["score"] == ""
    if head == "stars":
        assert list(rows[0]) == ["text", "score", "truncated"]
        assert "predicted_label" not in found[0]
    elif head == "tags":
        assert [row["predicted_label"] for row in rows[:-1]] == ["|".join(labels) for labels in expected.labels]
        assert [row["predicted_label"] for row in found] == [*map(list, expected.labels), None]


def test_a_threshold_that_a_head_has_not_is_refused(bundle_of_kinds: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(bundle_of_kinds), "--head", "stars", "--threshold", "0.5", "--texts", "good"]) == 2
    assert "head 'stars' gives numbers, which no threshold and no margin are for" in capsys.readouterr().err
