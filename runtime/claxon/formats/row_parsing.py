"""Lines of text, or the values of a table -> records: rows with a text each, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from claxon.errors import InputError, OptionError
from claxon.formats.binary_tables import BinaryTable
from claxon.formats.csv_records import Record, TextLines, records
from claxon.formats.csv_table import Dialect, column_names, row_problem, row_values, separator_of
from claxon.formats.json_values import JSONObject, json_line_objects, json_objects
from claxon.formats.tables import DEFAULT_TEXT_COLUMN, Format, Reading, Records, Row

HOW_TO_QUOTE = "a field with a delimiter or a quote in it must be quoted"


def plain_records(lines: Iterator[str], name: str, reading: Reading) -> Records:
    """One text a line.

    Raises:
        OptionError: a column is named.
    """
    if reading.text_column is not None:
        raise OptionError(
            f"--text {reading.text_column} names a column, and plain lines have none; add --format csv or jsonl"
        )
    texts = (line.removesuffix("\n").removesuffix("\r") for line in lines)
    rows = (Row(number, text, {DEFAULT_TEXT_COLUMN: text}) for number, text in enumerate(texts, 1))
    return Records(name, Format.LINES, (DEFAULT_TEXT_COLUMN,), DEFAULT_TEXT_COLUMN, ",", rows)


def json_records(lines: Iterator[str], name: str, file_format: Format, reading: Reading) -> Records:
    """One object a row; the columns are those of the first row that can be read.

    Raises:
        OptionError: there is no such column.
        InputError: a row cannot be read; with ``record_errors`` it is a row with an error.
    """
    objects = json_line_objects(lines) if file_format is Format.JSONL else json_objects(lines, name)
    bad: list[JSONObject] = []
    first = next(objects, None)
    while reading.record_errors and first is not None and first.problem is not None:
        bad.append(first)
        first = next(objects, None)
    if first is None:
        column = reading.text_column or DEFAULT_TEXT_COLUMN
        rows = (Row(found.line, "", {}, f"{name}: line {found.line} {found.problem}") for found in bad)
        return Records(name, Format.JSONL, (column,), column, ",", rows)
    if first.problem is not None:
        raise InputError(f"{name}: line {first.line} {first.problem}")
    columns = tuple(first.values)
    column = _text_column(columns, reading.text_column, f"{name}: line {first.line}")
    row_of = _recorded(_json_row) if reading.record_errors else _json_row
    rows = (row_of(found, column, name) for found in chain(bad, [first], objects))
    return Records(name, Format.JSONL, columns, column, ",", rows)


def csv_records(
    lines: Iterator[str], name: str, file_format: Format, reading: Reading, dialect: Dialect, first: str
) -> Records:
    """The rows below a header, which is the first line, or the second after ``sep=;``; ``first`` is the first of all.

    Raises:
        OptionError: there is no such column.
        InputError: no header, or one that names a column twice; a row cannot be read.
    """
    offset = 0 if separator_of(first) is None else 1
    if offset:
        next(lines)
    source = TextLines(lines)
    header = next(records(source, dialect.delimiter, dialect.quoting, dialect.quote), None)
    columns = _header(header, name, offset)
    column = _text_column(columns, reading.text_column, name)
    found = records(source, dialect.delimiter, dialect.quoting, dialect.quote, keeps_blank=len(columns) == 1)
    rows = (_csv_row(record, columns, column, name, reading, offset) for record in found)
    line_end = "\r\n" if first.endswith("\r\n") else "\r" if first.endswith("\r") else "\n"
    return Records(
        name, file_format, columns, column, dialect.delimiter, rows, dialect.quoting, line_end, dialect.quote
    )


def binary_records(table: BinaryTable, name: str, file_format: Format, reading: Reading) -> Records:
    """The rows of Parquet, Feather or a workbook; ``line`` counts them from 1.

    Raises:
        OptionError: there is no such column.
        InputError: a row's text is no string.
    """
    column = _text_column(table.columns, reading.text_column, name)
    is_sheet = file_format is Format.XLSX

    def rows() -> Iterator[Row]:
        for number, cells in enumerate(table, 1):
            values = dict(zip(table.columns, cells, strict=True))
            text = values[column]
            # Excel makes numbers of what looks like one; its reader sees the same digits.
            shown = str(text) if is_sheet and isinstance(text, int | float) and not isinstance(text, bool) else text
            if shown is None or isinstance(shown, str):
                yield Row(number, shown or "", values)
                continue
            problem = f"{name}: row {number}: {column!r} is {type(text).__name__} ({text!r:.40}), expected a string"
            if not reading.record_errors:
                raise InputError(problem)
            yield Row(number, "", values, problem)

    return Records(name, file_format, table.columns, column, ",", rows())


def _text_column(columns: tuple[str, ...], requested: str | None, name: str) -> str:
    listed = ", ".join(columns)
    if requested is not None and requested not in columns:
        raise OptionError(f"{name} has no column {requested!r}, but {listed}")
    if requested is not None:
        return requested
    if DEFAULT_TEXT_COLUMN in columns:
        return DEFAULT_TEXT_COLUMN
    if len(columns) == 1:
        return columns[0]
    raise OptionError(f"{name} has no column {DEFAULT_TEXT_COLUMN!r}; choose one with --text: {listed}")


def _json_row(found: JSONObject, column: str, name: str) -> Row:
    where = f"{name}: line {found.line}"
    if found.problem is not None:
        raise InputError(f"{where} {found.problem}")
    problem = text_problem(found.values, column)
    if problem is not None:
        raise InputError(f"{where}{problem}")
    return Row(found.line, found.values[column] or "", found.values, source=found.source)


def text_problem(values: dict[str, Any], column: str) -> str | None:
    """Why an object has no text, as it follows the line's number; null is a text that is missing, which is none."""
    if column not in values:
        return f" has no key {column!r}, but {', '.join(values) or 'none at all'}"
    text = values[column]
    if text is not None and not isinstance(text, str):
        kind = "float" if isinstance(text, float) else type(text).__name__
        return f": {column!r} is {kind} ({text!r:.40}), expected a string"
    if text and not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        return f": {column!r} contains an unpaired surrogate, which is no character"
    return None


def _recorded(row_of: Callable[[JSONObject, str, str], Row]) -> Callable[[JSONObject, str, str], Row]:
    def recorded(found: JSONObject, column: str, name: str) -> Row:
        try:
            return row_of(found, column, name)
        except InputError as error:
            is_object = found.problem is None
            return Row(found.line, "", found.values, str(error), found.source if is_object else None)

    return recorded


def _header(found: Record | None, name: str, offset: int) -> tuple[str, ...]:
    if found is None:
        raise InputError(f"{name} has blank lines only, expected a line with the names of the columns")
    if found.problem is not None:
        raise InputError(f"{name}: line {found.line + offset} {found.problem}, expected the names of the columns")
    try:
        return column_names(found.fields)
    except ValueError as error:
        raise InputError(f"{name}: line {found.line + offset} {error}") from None


def _csv_row(record: Record, columns: tuple[str, ...], column: str, name: str, reading: Reading, offset: int) -> Row:
    line, values = record.line + offset, row_values(record, columns)
    problem = row_problem(record, columns)
    if problem is None:
        return Row(line, values[column], values)
    if record.problem is None:
        problem = f"{name}: line {line} {problem}; {HOW_TO_QUOTE}"
    else:
        problem = f"{name}: what begins at line {line} {problem}"
    if not reading.record_errors:
        raise InputError(problem)
    return Row(line, "", values, problem)
