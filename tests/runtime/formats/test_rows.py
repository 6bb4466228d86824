from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claxon.errors import InputError, OptionError
from claxon.formats.rows import open_records, read_records
from claxon.formats.tables import Format, Records, format_of


def read(content: bytes, file_format: Format, text_column: str | None = None) -> Records:
    return read_records(io.BytesIO(content), "in", file_format, text_column)


def texts(content: bytes, file_format: Format, text_column: str | None = None) -> list[str]:
    return [row.text for row in read(content, file_format, text_column)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a.csv", Format.CSV),
        ("A.CSV", Format.CSV),
        ("a.tsv", Format.TSV),
        ("a.jsonl", Format.JSONL),
        ("a.ndjson", Format.JSONL),
        ("a.txt", Format.LINES),
        ("-", Format.LINES),
    ],
)
def test_the_suffix_tells_the_format(source: str, expected: Format) -> None:
    assert format_of(source) is expected


def test_a_format_that_is_asked_for_wins_over_the_suffix() -> None:
    assert format_of("a.csv", "jsonl") is Format.JSONL


def test_csv_keeps_every_column_in_its_order() -> None:
    records = read(b"id,text,stars\n1,good,5\n2,bad,1\n", Format.CSV)
    assert records.columns == ("id", "text", "stars")
    assert [row.values for row in records] == [
        {"id": "1", "text": "good", "stars": "5"},
        {"id": "2", "text": "bad", "stars": "1"},
    ]


def test_csv_fields_may_hold_line_breaks_and_rows_know_where_they_begin() -> None:
    rows = list(read(b'text,n\n"one\ntwo, ""three""",1\nfour,2\n', Format.CSV))
    assert [(row.line, row.text) for row in rows] == [(2, 'one\ntwo, "three"'), (4, "four")]


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_endings_and_a_byte_order_mark_make_no_difference(ending: bytes, mark: bytes) -> None:
    lines = ending.join([b"text", "größe".encode(), b"x"]) + ending
    assert texts(mark + lines, Format.CSV) == ["größe", "x"]
    assert texts(mark + lines, Format.LINES) == ["text", "größe", "x"]


@pytest.mark.parametrize(("delimiter", "found"), [(",", ","), (";", ";"), ("\t", "\t")])
def test_the_header_tells_the_delimiter(delimiter: str, found: str) -> None:
    records = read(f'text{delimiter}"a,b;c"\nx{delimiter}y\n'.encode(), Format.CSV)
    assert records.delimiter == found
    assert [row.values for row in records] == [{"text": "x", "a,b;c": "y"}]


def test_blank_lines_are_rows_only_where_a_row_can_be_one_empty_field() -> None:
    assert texts(b"text,n\n\na,1\n\n", Format.CSV) == ["a"]
    assert texts(b"text\n\na\n\n", Format.CSV) == ["", "a", ""]
    assert texts(b"\na\n\n", Format.LINES) == ["", "a", ""]


def test_the_text_column_is_the_one_named_text_else_the_only_one() -> None:
    assert texts(b"n,text\n1,a\n", Format.CSV) == ["a"]
    assert texts(b"review\na\n", Format.CSV) == ["a"]
    assert texts(b"n,review\n1,a\n", Format.CSV, "review") == ["a"]
    assert texts(b'{"review": "a"}\n', Format.JSONL) == ["a"]


@pytest.mark.parametrize(
    ("content", "file_format"), [(b"n,b\n1,2\n", Format.CSV), (b'{"n": 1, "b": "x"}', Format.JSONL)]
)
def test_without_a_text_column_the_columns_are_listed(content: bytes, file_format: Format) -> None:
    with pytest.raises(OptionError, match=r"choose one with --text: n, b"):
        read(content, file_format)
    with pytest.raises(OptionError, match=r"no column 'c', but n, b"):
        read(content, file_format, "c")


def test_plain_lines_have_no_columns() -> None:
    with pytest.raises(OptionError, match="--format csv"):
        read(b"a\n", Format.LINES, "text")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "blank lines only"),
        (b"text,text\n", "'text' twice"),
        (b"text,n\na,1\nb\n", "line 3 has 1 fields, the header names 2"),
        (b'text,n\n"a\nb",1\nb,2,3\n', "line 4 has 3 fields"),
        (b'text,n\na,1\n"never closed,2\nb,3\n', "begins at line 3"),
        (b'text,n\n"a"b,1\n', "line 2 is not valid CSV"),
        (b"text\nok\n\xe9t\xe9\n", r"line 3 is not UTF-8 \(byte 0xe9\)"),
    ],
)
def test_csv_that_cannot_be_read_is_an_error_with_its_line(content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        texts(content, Format.CSV)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"[1]", "line 2 is a JSON list"),
        (b"{", "line 2 is not JSON"),
        (b'{"text": NaN}', "NaN is no JSON number"),
        (b'{"n": 1}', "line 2 has no key 'text', but n"),
        (b"{}", "line 2 has no key 'text', but none"),
        (b'{"text": 3}', r"line 2: 'text' is int \(3\)"),
        (rb'{"text": "\ud83d"}', "contains an unpaired surrogate"),
        (b'{"text": ' + b"[" * 100_000, "line 2 is not JSON"),
        (b'{"text": "\xff"}', "line 2 is not UTF-8"),
    ],
)
def test_json_lines_that_cannot_be_read_are_errors_with_their_line(line: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        texts(b'{"text": "ok"}\n' + line + b"\n", Format.JSONL)


def test_json_lines_keep_their_types_and_blank_lines_are_none() -> None:
    rows = list(read(b'\n{"text": "a", "n": [1, null]}\n\n{"text": "b", "m": true}\n', Format.JSONL))
    assert [(row.line, row.values) for row in rows] == [
        (2, {"text": "a", "n": [1, None]}),
        (4, {"text": "b", "m": True}),
    ]


@pytest.mark.parametrize("file_format", [Format.JSONL, Format.LINES])
def test_nothing_is_no_rows(file_format: Format) -> None:
    assert texts(b"", file_format) == []


@pytest.mark.parametrize("file_format", [Format.CSV, Format.JSONL, Format.LINES])
def test_rows_are_read_when_they_are_asked_for(file_format: Format) -> None:
    served = 0

    def endless() -> Any:
        nonlocal served
        yield b"text\n" if file_format is Format.CSV else b'{"text": "a"}\n'
        while True:
            served += 1
            yield b'{"text": "a"}\n' if file_format is Format.JSONL else b"a\n"

    rows = iter(read_records(endless(), "in", file_format))
    for _ in range(10):
        next(rows)
    assert served <= 11


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"one\ntwo\n")))
    with open_records("-") as records:
        assert [row.text for row in records] == ["one", "two"]


def test_a_file_is_opened_and_named_in_errors(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(b"text\n\xff\n")
    with pytest.raises(InputError, match=r"in\.csv: line 2"), open_records(str(path)) as records:
        list(records)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_whatever_json_can_say_comes_back(words: list[str]) -> None:
    """Property: the texts of JSON lines are the texts that were written."""
    content = "".join(json.dumps({"text": word}) + "\n" for word in words).encode()
    assert texts(content, Format.JSONL) == words


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))))
def test_whatever_csv_can_say_comes_back(words: list[str]) -> None:
    """Property: the texts of CSV are the texts that were written, line breaks and quotes included."""
    stream = io.StringIO()
    csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([["text", "n"], *([word, "1"] for word in words)])
    assert texts(stream.getvalue().encode(), Format.CSV) == words
