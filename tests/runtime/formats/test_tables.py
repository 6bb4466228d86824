from __future__ import annotations

import pytest

from claxon.formats.tables import Format, Row, format_of


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a.csv.gz", Format.CSV),
        ("A.TSV", Format.TSV),
        ("a.jsonl.zst", Format.JSONL),
        ("a.json", Format.JSON),
        ("a.txt", Format.LINES),
    ],
)
def test_the_suffix_tells_the_format_behind_that_of_compression(source: str, expected: Format) -> None:
    assert format_of(source) is expected


@pytest.mark.parametrize(
    ("text", "error", "is_empty"),
    [("", None, True), (" \t\n", None, True), ("a", None, False), ("", "unreadable", False)],
)
def test_a_row_is_empty_where_it_could_be_read_and_says_nothing(text: str, error: str | None, is_empty: bool) -> None:
    assert Row(1, text, {}, error).is_empty is is_empty
