"""Tables and lists of labelled texts: what is read, what is left out, and what is refused, by its lines."""

from __future__ import annotations

import hashlib
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claxon.errors import InputError, OptionError
from claxon_export.data.labelled import LabelledTexts, in_words, read_labelled
from claxon_export.errors import LabelError


def table(folder: Path, content: str | bytes, name: str = "rows.csv") -> str:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def json_lines(folder: Path, *rows: Any) -> str:
    return table(folder, "".join(json.dumps(row) + "\n" for row in rows), "rows.jsonl")


def test_a_table_is_read_with_its_lines(tmp_path: Path) -> None:
    content = 'text,label\na,x\n"b\nb",y\nc,x\n'
    source = table(tmp_path, content)
    found = read_labelled(source)
    assert (found.texts, found.labels, found.lines) == (("a", "b\nb", "c"), ("x", "y", "x"), (2, 3, 5))
    assert (found.name, found.place, found.skipped.count, len(found)) == (source, "line", 0, 3)
    assert found.sha256 == hashlib.sha256(content.encode()).hexdigest()


def test_a_strangers_table(tmp_path: Path) -> None:
    content = '\ufeffBewertung;Stimmung;Datum\r\ngut, sehr;froh;1\r\n"so; lala";fad;2\r\n'
    found = read_labelled(table(tmp_path, content), text_column="Bewertung", label_column="Stimmung")
    assert found.texts == ("gut, sehr", "so; lala")
    assert found.labels == ("froh", "fad")


def test_labels_of_csv_are_strings(tmp_path: Path) -> None:
    assert read_labelled(table(tmp_path, "text,label\na,0\nb,true\n")).labels == ("0", "true")


@pytest.mark.parametrize("labels", [[0, 2], [True, False], ["0", "1"]])
def test_labels_of_json_lines_keep_their_type(tmp_path: Path, labels: list[Any]) -> None:
    found = read_labelled(json_lines(tmp_path, *({"text": "a", "label": label} for label in labels)))
    assert [(type(label), label) for label in found.labels] == [(type(label), label) for label in labels]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"text\tlabel\na\tx\n")))
    found = read_labelled("-", file_format="tsv")
    assert (found.name, found.texts) == ("standard input", ("a",))


def test_rows_without_text_are_left_out_with_one_warning(tmp_path: Path) -> None:
    source = table(tmp_path, "text,label\na,x\n,x\n  ,\nb,y\n")
    with pytest.warns(UserWarning, match=r"rows\.csv: of 4 rows, 2 without text \(lines 3, 4\) were left out") as told:
        found = read_labelled(source)
    assert len(told) == 1
    assert Path(told[0].filename).name == "test_labelled.py"
    assert (found.texts, found.skipped.blank, found.skipped.unlabelled) == (("a", "b"), (3, 4), ())


def test_many_rows_are_counted_and_the_first_named(tmp_path: Path) -> None:
    source = table(tmp_path, "text,label\na,x\n" + " ,x\n" * 1200)
    with pytest.warns(UserWarning, match=r"1,200 without text \(lines 3, 4, 5, 6, 7 and 1,195 more\)"):
        read_labelled(source)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a,x\nb,\n", r"line 3 has no label; label what is there, or leave it out \(--skip-unlabelled\)"),
        ("a,\nb, \nc,x\n", "lines 2, 3 have no label"),
    ],
)
def test_rows_without_a_label_are_an_error(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        read_labelled(table(tmp_path, f"text,label\n{rows}"))


def test_rows_without_a_label_can_be_left_out(tmp_path: Path) -> None:
    labelled, unlabelled, null = {"text": "a", "label": 1}, {"text": "b"}, {"text": "c", "label": None}
    source = json_lines(tmp_path, labelled, unlabelled, {"text": "", "label": 1}, null)
    message = r"1 without text \(line 3\) and 2 without a label \(lines 2, 4\) were left out"
    with pytest.warns(UserWarning, match=message):
        found = read_labelled(source, skip_unlabelled=True)
    assert (found.texts, found.skipped.unlabelled) == (("a",), (2, 4))


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (4.0, r"line 2 has the label 4\.0 \(float\), expected str, int or bool; write whole numbers without"),
        (["x"], r"line 2 has the label \['x'\] \(list\)"),
        ({"a": 1}, r"line 2 has the label \{'a': 1\} \(dict\)"),
        ("x", r"labels are of several types, int \(line 1\), str \(line 2\); expected one"),
        (True, r"labels are of several types, bool \(line 2\), int \(line 1\)"),
    ],
)
def test_labels_of_other_types(tmp_path: Path, label: Any, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        read_labelled(json_lines(tmp_path, *({"text": "a", "label": value} for value in (1, label, 1))))


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("text,mood\na,b\n", {}, "no column 'label'; choose one with --label: text, mood"),
        ("text,label\na,b\n", {"text_column": "review"}, "no column 'review', but text, label"),
        ("text,label\na,b\n", {"label_column": "text"}, "'text' cannot be both the texts' and the labels' column"),
        ("text,label\na,b\n", {"file_format": "lines"}, "read as plain lines, which have no labels; add --format csv"),
    ],
)
def test_columns_that_are_not_there(tmp_path: Path, content: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        read_labelled(table(tmp_path, content), **options)


@pytest.mark.parametrize("content", ["text,label\n", "text,label\n,x\n"])
def test_a_table_without_rows_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(LabelError, match=r"rows\.csv: there is no row with a text and a label"):
        read_labelled(table(tmp_path, content))


def test_a_table_in_another_encoding_is_read(tmp_path: Path) -> None:
    source = table(tmp_path, "text,label\na,x\nschön,y\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"line 3 is not UTF-8 \(byte 0xf6\); as Windows-1252 it would read"):
        read_labelled(source)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_labelled(str(tmp_path / "none.csv"))


def test_columns_become_rows() -> None:
    found = LabelledTexts.of(np.array(["a", "b"]), np.array([1, 0], np.int32))
    assert (found.texts, found.labels, found.lines, found.place) == (("a", "b"), (1, 0), (0, 1), "row")
    assert [type(label) for label in found.labels] == [int, int]
    lines = b'{"text": "a", "label": 1}\n{"text": "b", "label": 0}\n'
    assert found.sha256 == hashlib.sha256(lines).hexdigest()
    assert found.notice is None


def test_blank_texts_of_a_list_are_left_out_and_noted() -> None:
    found = LabelledTexts.of(["a", " ", "b"], ["x", "x", "y"], name="the reviews")
    assert (found.texts, found.lines) == (("a", "b"), (0, 2))
    assert found.notice == "the reviews: of 3 rows, 1 without text (row 1) was left out"


def test_lists_of_different_lengths() -> None:
    with pytest.raises(LabelError, match="2 texts and 1 labels; expected one label per text"):
        LabelledTexts.of(["a", "b"], ["x"])


def test_a_list_with_no_label_for_a_row() -> None:
    with pytest.raises(LabelError, match="the texts: row 1 has no label"):
        LabelledTexts.of(["a", "b"], ["x", ""])


def test_rows_in_words() -> None:
    assert in_words("line", [3]) == "line 3"
    assert in_words("row", [1, 2]) == "rows 1, 2"
    assert in_words("line", range(8)) == "lines 0, 1, 2, 3, 4 and 3 more"
