"""CSV, JSON lines and JSON of jobs -> rows with their places, so that a shard can begin at any of them.

The records are those of ``claxon.formats.rows``; a row that cannot be read is set apart, and reading goes on at the
next line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from claxon.errors import InputError
from claxon.formats.csv_records import Record, records
from claxon.formats.csv_table import Dialect, column_names, row_problem, row_values, separator_of
from claxon.formats.json_values import json_line_objects, json_objects
from claxon.formats.lines import LinePosition, Lines


@dataclass(frozen=True, slots=True)
class TextRow:
    """A row: where it begins, its values by column, and why it has none."""

    place: LinePosition
    values: dict[str, Any]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """The first record of a CSV file, and how fields are told apart."""

    columns: tuple[str, ...]
    dialect: Dialect


def read_header(lines: Lines, dialect: Dialect, name: str) -> Header:
    """The columns of a CSV file, below ``sep=;`` if it begins like that; ``lines`` are then at its first row.

    Raises:
        InputError: there is none, it is not UTF-8 or not CSV, or names a column twice.
    """
    start, first = lines.place, next(lines, b"")
    if separator_of(first.decode(errors="replace")) is None:
        lines.give_back([first] if first else [], start)
    found = next(_records(_Taken(lines), dialect), None)
    if found is None or found.problem is not None:
        raise InputError(f"{name}: expected a line with the names of the columns, which {_found(found)}")
    try:
        return Header(column_names(found.fields), dialect)
    except ValueError as error:
        raise InputError(f"{name}: line {found.line} {error}") from None


def csv_rows(lines: Lines, header: Header) -> Iterator[TextRow]:
    """The rows that follow; blank lines are none, but where there is one column they are rows without a text.

    Raises:
        InputError: the file cannot be read on.
    """
    columns, source = header.columns, _Taken(lines)
    for found in _records(source, header.dialect, keeps_blank=len(columns) == 1):
        problem = row_problem(found, columns)
        yield TextRow(source.place, row_values(found, columns) if problem is None else {}, problem)


def json_rows(lines: Lines) -> Iterator[TextRow]:
    """The rows of JSON lines; blank lines are none.

    Raises:
        InputError: the file cannot be read on.
    """
    place = lines.place
    for line in lines:
        if line.strip():
            yield _json_row(line, place)
        place = lines.place


def json_object_rows(lines: Lines, name: str) -> Iterator[TextRow]:
    """The rows of a JSON array, or of objects over several lines; of their places only the lines are known.

    Raises:
        InputError: the file cannot be read on, or is not UTF-8.
    """
    for found in json_objects(_decoded(lines, name), name, keeps_digits=False):
        yield TextRow(LinePosition(0, found.line), found.values, found.problem)


def _decoded(lines: Lines, name: str) -> Iterator[str]:
    for line in lines:
        try:
            yield line.decode()
        except UnicodeDecodeError as error:
            wrong = f"(byte 0x{line[error.start]:02x})"
            raise InputError(f"{name}: line {lines.place.line - 1} is not UTF-8 {wrong}") from None


def _json_row(line: bytes, place: LinePosition) -> TextRow:
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        return TextRow(place, {}, f"is not UTF-8 (byte 0x{line[error.start]:02x})")
    found = next(json_line_objects([text], keeps_digits=False))
    return TextRow(place, found.values, found.problem)


class _Taken:
    """Decoded lines of one record, which can be given back; knows where the record begins."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self.begin()

    @property
    def line(self) -> int:
        """The line that the record begins at."""
        return self.place.line

    def begin(self) -> None:
        """A record begins."""
        self.place = self._lines.place
        self.raw: list[bytes] = []
        self.problem: str | None = None

    def give_back_all_but_first(self) -> None:
        """Go back to the line after the record's first: a quote that is never closed takes no other row with it."""
        others = self.raw[1:]
        if others:
            after = LinePosition(self._lines.place.offset - sum(map(len, others)), self._lines.place.line - len(others))
            self._lines.give_back(others, after)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.raw.append(line)
        if b"\0" in line:
            self.problem = "holds a NUL, which no text does"
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            self.problem = f"is not UTF-8 (byte 0x{line[error.start]:02x})"
            return line.decode(errors="replace")


def _records(source: _Taken, dialect: Dialect, *, keeps_blank: bool = False) -> Iterator[Record]:
    found = records(source, dialect.delimiter, dialect.quoting, dialect.quote, keeps_blank=keeps_blank)
    for record in found:
        wrong = source.problem if record.problem is None else None
        yield record if wrong is None else Record(record.line, [], wrong)


def _found(record: Record | None) -> str:
    return "is missing" if record is None else str(record.problem)
