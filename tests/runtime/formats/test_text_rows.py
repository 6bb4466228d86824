from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from claxon.errors import InputError
from claxon.formats.csv_records import Quoting
from claxon.formats.csv_table import dialect_of
from claxon.formats.lines import Compression, InputFormat, LinePosition, Lines
from claxon.formats.text_rows import TextRow, csv_rows, json_rows, read_header


def csv_of(
    folder: Path, content: bytes, start: LinePosition | None = None, kind: InputFormat = InputFormat.CSV
) -> list[TextRow]:
    path = folder / "x"
    path.write_bytes(content)
    with Lines(path, Compression.NONE) as lines:
        header = read_header(
            lines, dialect_of(content.decode(errors="replace"), Quoting.STANDARD, is_tsv=kind is InputFormat.TSV), "x"
        )
        if start is None:
            return list(csv_rows(lines, header))
    with Lines(path, Compression.NONE, start) as lines:
        return list(csv_rows(lines, header))


def json_of(folder: Path, content: bytes) -> list[TextRow]:
    path = folder / "x"
    path.write_bytes(content)
    with Lines(path, Compression.NONE) as lines:
        return list(json_rows(lines))


NASTY = b'\xef\xbb\xbfid;text\n1;a\n\n2;"two\nlines ""here"""\n3;caf\xe9\n4;a;b\n5;"never closed\n6;b\n7;"x"y\n8;c'


def test_bad_rows_of_csv_are_set_apart_and_take_no_other_with_them(tmp_path: Path) -> None:
    rows = csv_of(tmp_path, NASTY)
    assert [row.values.get("text") for row in rows] == ["a", 'two\nlines "here"', None, None, None, "b", None, "c"]
    assert [row.place.line for row in rows] == [2, 4, 6, 7, 8, 9, 10, 11]
    problems = [row.problem for row in rows if row.problem]
    assert problems[:2] == ["is not UTF-8 (byte 0xe9)", "has 3 fields, the header names 2"]
    assert all("is not valid CSV" in problem for problem in problems[2:])


@pytest.mark.parametrize("first", range(8))
def test_reading_can_begin_at_any_row(tmp_path: Path, first: int) -> None:
    rows = csv_of(tmp_path, NASTY)
    assert csv_of(tmp_path, NASTY, rows[first].place) == rows[first:]


def test_tabs_divide_tsv_whatever_the_header_has_more_of(tmp_path: Path) -> None:
    (row,) = csv_of(tmp_path, b"a,b,c\ttext\n1\tx,y\n", kind=InputFormat.TSV)
    assert row.values == {"a,b,c": "1", "text": "x,y"}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "expected a line with the names of the columns, which is missing"),
        (b"\n\n", "which is missing"),
        (b"caf\xe9,text\n", "which is not UTF-8"),
        (b"a,text,a\n", "names the column 'a' twice"),
        (b'"a"b,text\n', "which is not valid CSV"),
    ],
)
def test_a_header_that_is_none_is_an_error(tmp_path: Path, content: bytes, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        csv_of(tmp_path, content)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b'{"text": "a"}', {"text": "a"}),
        (b'{"text": "\xff"}', "is not UTF-8 (byte 0xff)"),
        (b"nothing", "is not JSON: "),
        (b"[1]", "is a JSON list, expected an object"),
        (b'{"x": NaN}', "is not JSON: NaN is no JSON number"),
        (b"[" * 100_000, "is not JSON: "),
    ],
)
def test_json_lines(tmp_path: Path, line: bytes, found: Any) -> None:
    before, row, after = json_of(tmp_path, b'{"text": "1"}\n\n' + line + b'\n{"text": "2"}')
    assert (before.values, after.values) == ({"text": "1"}, {"text": "2"})
    assert row.place.line == 3
    assert row.values == found if isinstance(found, dict) else str(row.problem).startswith(found)
