"""CSV and JSON lines -> rows with their places; a row that cannot be read says why and ends nothing.

The rules are those of ``claxon.formats.rows``: UTF-8, with or without a byte order mark, any line ending, quoted fields
that hold line breaks. There an error ends the work; here the row is set apart, and reading goes on at the next line.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from claxon.errors import JobInputError
from claxon.formats.lines import Lines, Place
from claxon.formats.rows import MAX_FIELD_CHARACTERS, delimiter_of
from claxon.jobs.plan import InputFormat


@dataclass(frozen=True, slots=True)
class TextRow:
    """A row: where it begins, its values by column, and why it has none."""

    place: Place
    values: dict[str, Any]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """The first record of a CSV file."""

    columns: tuple[str, ...]
    delimiter: str


def read_header(lines: Lines, file_format: InputFormat, name: str) -> Header:
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
    found = next(_records(lines, delimiter), None)
    if found is None or found.problem is not None:
        raise JobInputError(f"{name}: expected a line with the names of the columns, which {_found(found)}")
    columns = tuple(found.fields)
    repeated = next((column for column in columns if columns.count(column) > 1), None)
    if repeated is not None:
        raise JobInputError(f"{name}: line {found.place.line} names the column {repeated!r} twice")
    return Header(columns, delimiter)


def csv_rows(lines: Lines, header: Header) -> Iterator[TextRow]:
    """The rows that follow; blank lines are none.

    Raises:
        JobInputError: the file cannot be read on.
    """
    columns = header.columns
    for found in _records(lines, header.delimiter):
        if found.problem is None and len(found.fields) == len(columns):
            yield TextRow(found.place, dict(zip(columns, found.fields, strict=True)))
        else:
            counts = f"has {len(found.fields)} fields, the header names {len(columns)}"
            yield TextRow(found.place, {}, found.problem or counts)


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


def _json_row(line: bytes, place: Place) -> TextRow:
    try:
        values = _JSON.decode(line.decode())
    except UnicodeDecodeError as error:
        return TextRow(place, {}, f"is not UTF-8 (byte 0x{line[error.start]:02x})")
    except (ValueError, RecursionError) as error:
        return TextRow(place, {}, f"is not JSON: {error}")
    if not isinstance(values, dict):
        return TextRow(place, {}, f"is a JSON {type(values).__name__}, expected an object")
    return TextRow(place, values)


def _refuse_constant(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


_JSON = json.JSONDecoder(parse_constant=_refuse_constant)  # json.loads would make one for every row


@dataclass(frozen=True, slots=True)
class _Record:
    place: Place
    fields: list[str]
    problem: str | None = None


class _Taken:
    """Decoded lines for the csv module; knows which it took for the present record."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self.begin()

    def begin(self) -> None:
        """A record begins."""
        self.place = self._lines.place
        self.raw: list[bytes] = []
        self.wrong_byte: int | None = None

    def give_back_all_but_first(self) -> None:
        """Go back to the line after the record's first: a quote that is never closed takes no other row with it."""
        others = self.raw[1:]
        if others:
            after = Place(self._lines.place.offset - sum(map(len, others)), self._lines.place.line - len(others))
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


def _records(lines: Lines, delimiter: str) -> Iterator[_Record]:
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    taken = _Taken(lines)
    reader = csv.reader(taken, delimiter=delimiter, strict=True)
    while True:
        taken.begin()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            taken.give_back_all_but_first()
            reader = csv.reader(taken, delimiter=delimiter, strict=True)
            yield _Record(taken.place, [], f"is not valid CSV: {error}")
            continue
        if taken.wrong_byte is not None:
            yield _Record(taken.place, [], f"is not UTF-8 (byte 0x{taken.wrong_byte:02x})")
        elif fields:
            yield _Record(taken.place, fields)


def _found(record: _Record | None) -> str:
    return "is missing" if record is None else str(record.problem)
