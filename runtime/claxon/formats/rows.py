"""CSV, TSV, JSON lines and plain lines -> rows, one at a time; memory does not grow with the file.

UTF-8, with or without a byte order mark; any line ending; quoted fields may hold line breaks. A row that cannot be read
is an error that names its line, never a row passed over.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from claxon.errors import InputError, OptionError

STANDARD_STREAM = "-"
DEFAULT_TEXT_COLUMN = "text"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# A quote that is never closed would swallow the rest of the file: it is an error after so many characters.
MAX_FIELD_CHARACTERS = 16 << 20


class Format(StrEnum):
    """How rows are written down."""

    CSV = "csv"
    TSV = "tsv"
    JSONL = "jsonl"
    LINES = "lines"


SUFFIXES = {".csv": Format.CSV, ".tsv": Format.TSV, ".jsonl": Format.JSONL, ".ndjson": Format.JSONL}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line that it begins at (from 1), its text, and all its columns, the text's among them.

    ``error`` says why the row has no text, and the text is empty then.
    """

    line: int
    text: str
    values: dict[str, Any]
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Records:
    """Rows of one source, to be iterated over once.

    Attributes:
        name: What errors call the source.
        columns: The columns; those of the first row where rows may differ (JSON lines).
        text_column: The one that holds the text.
        delimiter: Between fields, where there are fields.
    """

    name: str
    format: Format
    columns: tuple[str, ...]
    text_column: str
    delimiter: str
    rows: Iterator[Row]

    def __iter__(self) -> Iterator[Row]:
        """The rows, each read when it is asked for."""
        return self.rows


def format_of(source: str, asked: str | None = None) -> Format:
    """The format asked for, else the one that the file's suffix tells, else plain lines."""
    return Format(asked) if asked is not None else SUFFIXES.get(Path(source).suffix.lower(), Format.LINES)


@contextmanager
def open_records(
    source: str, *, file_format: str | None = None, text_column: str | None = None, record_errors: bool = False
) -> Iterator[Records]:
    """Open a file, or standard input for ``-``.

    Args:
        source: A path, or ``-``.
        file_format: ``csv``, ``tsv``, ``jsonl`` or ``lines``; ``None`` goes by the suffix.
        text_column: Which column holds the texts; ``None`` takes ``text``, or the only one.
        record_errors: A JSON object without a text is a row with an ``error``, not an error.

    Raises:
        OptionError: there is no such column, or none that is the text's for sure; the message lists them.
        InputError: a row cannot be read; the message names its line. Rows raise it when they are reached.
        OSError: the file cannot be opened.
    """
    chosen = format_of(source, file_format)
    if source == STANDARD_STREAM:
        yield read_records(sys.stdin.buffer, "standard input", chosen, text_column, record_errors=record_errors)
        return
    with Path(source).open("rb") as stream:
        yield read_records(stream, source, chosen, text_column, record_errors=record_errors)


def read_records(
    stream: BinaryIO | Iterable[bytes],
    name: str,
    file_format: Format,
    text_column: str | None = None,
    *,
    record_errors: bool = False,
) -> Records:
    """The rows of lines of bytes; see ``open_records``. Reads no further than the first row."""
    lines = _decoded(stream, name)
    if file_format is Format.LINES:
        return _plain_records(lines, name, text_column)
    if file_format is Format.JSONL:
        return _json_records(lines, name, text_column, record_errors=record_errors)
    return _csv_records(lines, name, file_format, text_column)


def _decoded(stream: Iterable[bytes], name: str) -> Iterator[str]:
    for number, raw in enumerate(stream, 1):
        line = raw.removeprefix(BYTE_ORDER_MARK) if number == 1 else raw
        try:
            yield line.decode()
        except UnicodeDecodeError as error:
            raise InputError(
                f"{name}: line {number} is not UTF-8 (byte 0x{line[error.start]:02x}); convert it first, "
                "for instance with `iconv -f WINDOWS-1252 -t UTF-8`"
            ) from None


def _text_column(columns: tuple[str, ...], asked: str | None, name: str) -> str:
    listed = ", ".join(columns)
    if asked is not None and asked not in columns:
        raise OptionError(f"{name} has no column {asked!r}, but {listed}")
    if asked is not None:
        return asked
    if DEFAULT_TEXT_COLUMN in columns:
        return DEFAULT_TEXT_COLUMN
    if len(columns) == 1:
        return columns[0]
    raise OptionError(f"{name} has no column {DEFAULT_TEXT_COLUMN!r}; choose one with --text: {listed}")


def _plain_records(lines: Iterator[str], name: str, text_column: str | None) -> Records:
    if text_column is not None:
        raise OptionError(f"--text {text_column} names a column, and plain lines have none; add --format csv or jsonl")
    texts = (line.removesuffix("\n").removesuffix("\r") for line in lines)
    rows = (Row(number, text, {DEFAULT_TEXT_COLUMN: text}) for number, text in enumerate(texts, 1))
    return Records(name, Format.LINES, (DEFAULT_TEXT_COLUMN,), DEFAULT_TEXT_COLUMN, ",", rows)


def _json_records(lines: Iterator[str], name: str, text_column: str | None, *, record_errors: bool) -> Records:
    numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
    objects = ((number, _json_object(line, f"{name}: line {number}")) for number, line in numbered)
    first = next(objects, None)
    if first is None:
        column = text_column or DEFAULT_TEXT_COLUMN
        return Records(name, Format.JSONL, (column,), column, ",", iter(()))
    columns = tuple(first[1])
    column = _text_column(columns, text_column, f"{name}: line {first[0]}")
    row_of = _json_row_or_error if record_errors else _json_row
    rows = (row_of(number, values, column, name) for number, values in chain([first], objects))
    return Records(name, Format.JSONL, columns, column, ",", rows)


def _json_object(line: str, where: str) -> dict[str, Any]:
    try:
        value = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise InputError(f"{where} is a JSON {type(value).__name__}, expected an object")
    return value


def _refuse_constant(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


def _json_row_or_error(number: int, values: dict[str, Any], column: str, name: str) -> Row:
    try:
        return _json_row(number, values, column, name)
    except InputError as error:
        return Row(number, "", values, str(error))


def _json_row(number: int, values: dict[str, Any], column: str, name: str) -> Row:
    where = f"{name}: line {number}"
    if column not in values:
        raise InputError(f"{where} has no key {column!r}, but {', '.join(values) or 'none at all'}")
    text = values[column]
    if not isinstance(text, str):
        raise InputError(f"{where}: {column!r} is {type(text).__name__} ({text!r:.40}), expected a string")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise InputError(f"{where}: {column!r} has half of a surrogate pair, which is no character")
    return Row(number, text, values)


def _csv_records(lines: Iterator[str], name: str, file_format: Format, text_column: str | None) -> Records:
    first = next(lines, None)
    if first is None:
        raise InputError(f"{name} is empty, expected a line with the names of the columns")
    delimiter = "\t" if file_format is Format.TSV else delimiter_of(first)
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    fields = _fields(csv.reader(chain([first], lines), delimiter=delimiter, strict=True), name)
    columns = _header(next(fields, None), name)
    column = _text_column(columns, text_column, name)
    rows = (_csv_row(found, columns, column, name) for found in fields)
    return Records(name, file_format, columns, column, delimiter, rows)


@dataclass(frozen=True, slots=True)
class _Fields:
    line: int
    fields: list[str]


def _fields(reader: Any, name: str) -> Iterator[_Fields]:
    """The fields of each record with the line that it begins at; blank lines are none."""
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(f"{name}: what begins at line {line} is not valid CSV: {error}") from None
        if fields:
            yield _Fields(line, fields)


def delimiter_of(header: str) -> str:
    """The one of ``,``, ``;`` and tab that the header has most of outside quotes; the comma of equals."""
    unquoted = re.sub(r'"[^"]*"', "", header)
    return max(",;\t", key=unquoted.count)


def _header(found: _Fields | None, name: str) -> tuple[str, ...]:
    if found is None:
        raise InputError(f"{name} has blank lines only, expected a line with the names of the columns")
    columns = tuple(found.fields)
    repeated = next((column for column in columns if columns.count(column) > 1), None)
    if repeated is not None:
        raise InputError(f"{name}: line {found.line} names the column {repeated!r} twice")
    return columns


def _csv_row(found: _Fields, columns: tuple[str, ...], column: str, name: str) -> Row:
    if len(found.fields) != len(columns):
        raise InputError(
            f"{name}: line {found.line} has {len(found.fields)} fields, the header names {len(columns)}; "
            "a field with a delimiter or a quote in it must be quoted"
        )
    values = dict(zip(columns, found.fields, strict=True))
    return Row(found.line, values[column], values)
