"""CSV and JSON lines of jobs -> rows with their places, so that a shard can begin at any of them.

The records are those of ``claxon.formats.rows``; a row that cannot be read is set apart, and reading goes on at the
next line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from claxon.errors import JobInputError
from claxon.formats.csv_records import Quoting, Record, delimiter_of, records
from claxon.formats.json_values import JSONObject, json_line_objects
from claxon.formats.lines import InputFormat, LinePosition, Lines


@dataclass(frozen=True, slots=True)
class TextRow:
    """A row: where it begins, its values by column, and why it has none."""

    place: LinePosition
    values: dict[str, Any]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """The first record of a CSV file."""

    columns: tuple[str, ...]
    delimiter: str
    quoting: Quoting = Quoting.STANDARD


def read_header(lines: Lines, file_format: InputFormat, name: str, quoting: Quoting = Quoting.STANDARD) -> Header:
    """The columns of a CSV file; ``lines`` are then at its first row.

    Raises:
        JobInputError: there is none, it is not UTF-8 or not CSV, or names a column twice.
    """
    start, first = lines.place, next(lines, b"")
    lines.give_back([first] if first else [], start)
    try:
        delimiter = "\t" if file_format is InputFormat.TSV else delimiter_of(first.decode())
    except UnicodeDecodeError:
        raise JobInputError(f"{name}: line 1 is not UTF-8, expected the names of the columns") from None
    source = _Taken(lines)
    found = next(_records(source, delimiter, quoting), None)
    if found is None or found.problem is not None:
        raise JobInputError(f"{name}: expected a line with the names of the columns, which {_found(found)}")
    columns = tuple(column or f"column_{place}" for place, column in enumerate(found.fields, 1))
    repeated = next((column for column in columns if columns.count(column) > 1), None)
    if repeated is not None:
        raise JobInputError(f"{name}: line {found.line} names the column {repeated!r} twice")
    return Header(columns, delimiter, quoting)


def csv_rows(lines: Lines, header: Header) -> Iterator[TextRow]:
    """The rows that follow; blank lines are none.

    Raises:
        JobInputError: the file cannot be read on.
    """
    columns, source = header.columns, _Taken(lines)
    for found in _records(source, header.delimiter, header.quoting):
        if found.problem is None and len(found.fields) == len(columns):
            yield TextRow(source.place, dict(zip(columns, found.fields, strict=True)))
        else:
            counts = f"has {len(found.fields)} fields, the header names {len(columns)}"
            yield TextRow(source.place, {}, found.problem or counts)


def json_rows(lines: Lines) -> Iterator[TextRow]:
    """The rows of JSON lines; blank lines are none.

    Raises:
        JobInputError: the file cannot be read on.
    """
    place = lines.place
    for line in lines:
        if line.strip():
            yield _json_row(line, place)
        place = lines.place


def _json_row(line: bytes, place: LinePosition) -> TextRow:
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        return TextRow(place, {}, f"is not UTF-8 (byte 0x{line[error.start]:02x})")
    found: JSONObject = next(json_line_objects([text], keeps_digits=False))
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
        self.wrong_byte: int | None = None

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
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            self.wrong_byte = line[error.start]
            return line.decode(errors="replace")


def _records(source: _Taken, delimiter: str, quoting: Quoting) -> Iterator[Record]:
    for record in records(source, delimiter, quoting):
        wrong = source.wrong_byte if record.problem is None else None
        yield record if wrong is None else Record(record.line, [], f"is not UTF-8 (byte 0x{wrong:02x})")


def _found(record: Record | None) -> str:
    return "is missing" if record is None else str(record.problem)
