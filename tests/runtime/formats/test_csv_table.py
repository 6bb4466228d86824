from __future__ import annotations

import pytest

from claxon.formats.csv_records import Quoting, Record
from claxon.formats.csv_table import column_names, dialect_of, row_problem, row_values, separator_of


@pytest.mark.parametrize(
    ("line", "expected"), [("sep=;\r\n", ";"), ('"sep=;"\n', ";"), ("sep=\t", "\t"), ("sep=", None), ("sep,text", None)]
)
def test_the_line_that_excel_writes_names_the_delimiter(line: str, expected: str | None) -> None:
    assert separator_of(line) == expected


def test_what_is_given_goes_before_what_the_line_says() -> None:
    assert dialect_of("a;b;c\n", Quoting.AUTO, is_tsv=False).delimiter == ";"
    assert dialect_of("a;b;c\n", Quoting.AUTO, is_tsv=True).delimiter == "\t"
    assert dialect_of("a;b;c\n", Quoting.NONE, is_tsv=True, delimiter="|").delimiter == "|"


def test_columns_without_a_name_get_one_that_no_other_has() -> None:
    assert column_names(["text", "", "column_2", ""]) == ("text", "column_2_", "column_2", "column_4")
    with pytest.raises(ValueError, match="'text' twice"):
        column_names(["text", "text"])


def test_empty_fields_at_the_end_are_trailing_delimiters() -> None:
    assert row_problem(Record(2, ["good", "1", "", ""]), ("text", "n")) is None
    assert row_values(Record(2, ["good", "1", "", ""]), ("text", "n")) == {"text": "good", "n": "1"}
    assert row_problem(Record(2, ["good", "1", "x"]), ("text", "n")) == "has 3 fields, the header names 2"
    assert row_problem(Record(2, ["good"]), ("text", "n")) == "has 1 fields, the header names 2"
