"""Records of CSV and TSV, and which way quotes are read."""

from __future__ import annotations

import csv
import io
import os
import sys
import threading
from pathlib import Path

import pandas
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claxon.errors import InputError
from claxon.formats.csv_records import Quoting, TextLines, records, settled_quoting
from claxon.formats.rows import open_records

STRAY = 'id\ttext\n1\tI loved it\n2\t"Best film\n3\tIt was dull\n4\tthey called it great"\n5\tawful\n'


def settled(content: str, delimiter: str = ",") -> Quoting:
    return settled_quoting(lambda: iter(content.splitlines(keepends=True)), delimiter, "in")


def rows_of(path: Path, **options: str) -> list[str]:
    with open_records(str(path), **options) as opened:  # type: ignore[arg-type]  # whatever is given
        return [row.text for row in opened]


@pytest.mark.parametrize(
    ("content", "delimiter", "expected"),
    [
        ("text,n\na,1\n", ",", Quoting.STANDARD),
        ('text,n\n"a, b",1\n', ",", Quoting.STANDARD),
        ('text,n\n"a\nb",1\n', ",", Quoting.STANDARD),
        ('text,n\n"a,1\nb,2\n', ",", Quoting.NONE),
        ('text\tn\n"Great," she said.\t1\n', "\t", Quoting.NONE),
        (STRAY, "\t", Quoting.NONE),
        ('text\tn\n"a ""b"""\t1\n', "\t", Quoting.STANDARD),
    ],
)
def test_quotes_are_read_so_that_every_row_has_the_columns_of_the_header(
    content: str, delimiter: str, expected: Quoting
) -> None:
    assert settled(content, delimiter) is expected


def test_two_ways_that_give_different_rows_are_an_error_with_both_counts(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text('text\n"a\nb"\nc\n')
    with pytest.raises(InputError, match=r"line 2 .* has 2 rows \(--quoting standard\); .* has 3 \(--quoting none\)"):
        rows_of(path)
    assert rows_of(path, quoting="standard") == ["a\nb", "c"]
    assert rows_of(path, quoting="none") == ['"a', 'b"', "c"]


def test_no_row_is_lost_to_a_stray_quote(tmp_path: Path) -> None:
    path = tmp_path / "in.tsv"
    path.write_text(STRAY)
    assert len(rows_of(path)) == 5


def test_a_quote_that_is_never_closed_takes_no_other_row_with_it() -> None:
    found = list(records(TextLines(["text,n\n", '"never,1\n', "b,2\n", "c,3\n"]), ","))
    assert [(record.line, record.fields, record.problem is None) for record in found] == [
        (1, ["text", "n"], True), (2, [], False), (3, ["b", "2"], True), (4, ["c", "3"], True),
    ]  # fmt: skip


def rows_or_standard(path: Path) -> list[str]:
    """The rows; where there are two ways of reading them, in the way that the error offers."""
    try:
        return rows_of(path)
    except InputError as error:
        if "(--quoting standard)" not in str(error):
            raise
        return rows_of(path, quoting="standard")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("way", ["standard input", "a pipe"])
def test_no_row_is_lost_of_what_can_be_read_once(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if way == "standard input":
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(STRAY.encode()))))
        assert len(rows_of(Path("-"), file_format="tsv")) == 5
        return
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("".join(f"{number}\n" for number in range(5000)),))
    writer.start()
    assert len(rows_of(pipe, file_format="lines")) == 5000
    writer.join()


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12)
TABLES = st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8)
RELAXED = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])


@RELAXED
@given(
    TABLES,
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]),
)
def test_rows_in_are_rows_out_of_what_the_csv_module_writes(
    tmp_path: Path, table: list[tuple[str, str]], delimiter: str, line_end: str, quoting: int
) -> None:
    """Property: whoever writes correct CSV gets all rows, or is told of two ways of reading it."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=line_end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([["text", "n"], *table])
    path = tmp_path / ("in.tsv" if delimiter == "\t" else "in.csv")
    path.write_text(stream.getvalue(), encoding="utf-8", newline="")
    found = rows_or_standard(path)
    if delimiter != "\t":
        assert found == [text for text, _ in table]


@RELAXED
@given(TABLES, st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_rows_in_are_rows_out_of_what_pandas_writes(
    tmp_path: Path, table: list[tuple[str, str]], encoding: str
) -> None:
    """Property: the same of ``DataFrame.to_csv``."""
    frame = pandas.DataFrame(table, columns=["text", "n"])
    path = tmp_path / "in.csv"
    frame.to_csv(path, index=False, encoding=encoding)
    found = rows_or_standard(path)
    assert found == frame["text"].tolist()
