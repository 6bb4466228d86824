from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from claxon.errors import InputError
from claxon.formats.row_parsing import text_problem
from claxon.formats.rows import open_records


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"text": "good"}, None),
        ({"text": None}, None),
        ({"id": 1}, " has no key 'text', but id"),
        ({"text": 5}, ": 'text' is int (5), expected a string"),
        ({"text": "\ud800"}, ": 'text' contains an unpaired surrogate, which is no character"),
    ],
)
def test_why_an_object_has_no_text(values: dict[str, Any], problem: str | None) -> None:
    assert text_problem(values, "text") == problem


def test_a_bad_first_row_is_recorded_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{oops\n{"id": 1, "text": "good"}\n')
    with open_records(str(path), record_errors=True) as records:
        rows = list(records)
        assert records.columns == ("id", "text")
    assert [row.error is None for row in rows] == [False, True]
    with pytest.raises(InputError, match="line 1"), open_records(str(path)):
        pass


def test_a_blank_line_of_one_column_is_a_row_without_a_text(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("text\ngood\n\nbad\n")
    with open_records(str(path)) as records:
        assert [row.is_empty for row in records] == [False, True, False]


@pytest.mark.parametrize("content", ['[{"text": "a"},\n{"text": null}]', '{"text": "a"}\n{"text": null}\n'])
@pytest.mark.parametrize("name", ["in.csv", "in.txt", "in.jsonl", "in.json"])
def test_json_is_read_whatever_the_name_says(content: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(content)
    with open_records(str(path)) as records:
        assert [row.text for row in records] == ["a", ""]
