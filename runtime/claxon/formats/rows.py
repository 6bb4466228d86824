"""CSV, TSV, JSON, JSON lines and plain lines -> rows, one at a time; memory does not grow with the file.

Text in UTF-8, with or without a byte order mark, in UTF-16 with one, or in the encoding that the caller names; any line
ending; gzip and zstd are decompressed. The bytes say what a file is, not its name. A row that cannot be read is an
error that names its line, or is set apart; it is never passed over.
"""

from __future__ import annotations

import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from claxon.errors import InputError, OptionError
from claxon.formats.content import HEAD_BYTES, UTF8, decoded_lines, encoding_of, head_of, open_content
from claxon.formats.csv_records import Quoting, Record, TextLines, delimiter_of, records, settled_quoting
from claxon.formats.json_values import JSONObject, json_line_objects, json_objects
from claxon.formats.tables import (
    DEFAULT_TEXT_COLUMN,
    SEPARATOR_LINE,
    STANDARD_STREAM,
    SUFFIXES,
    Format,
    Reading,
    Records,
    Row,
    format_of,
    suffix_of,
)

# Of a stream whose quotes have to be settled; more goes to the disk.
SPOOLED_BYTES = 32 << 20


@contextmanager
def open_records(
    source: str,
    *,
    file_format: str | None = None,
    text_column: str | None = None,
    record_errors: bool = False,
    encoding: str | None = None,
    quoting: str = Quoting.AUTO,
) -> Iterator[Records]:
    """Open a file, or standard input for ``-``.

    A file is read twice: the first time to see that all of it is text, and how its quotes are to be read. So no row is
    given out of a file that cannot be read to its end.

    Args:
        source: A path, or ``-``.
        file_format: ``csv``, ``tsv``, ``jsonl``, ``json`` or ``lines``; ``None`` goes by the suffix.
        text_column: Which column holds the texts; ``None`` takes ``text``, or the only one.
        record_errors: A row that cannot be read is a row with an ``error``, not an error.
        encoding: Of the text, by Python's name; ``None`` goes by the byte order mark, and is UTF-8 without one.
        quoting: ``standard``, ``none`` (quotes mean nothing), or ``auto``: whichever gives every row the header's
            number of fields.

    Raises:
        OptionError: there is no such column, or none that is the text's for sure; the message lists them.
        InputError: the file is not text, or of a name that tells no format; a row cannot be read: the message names
            its line. Rows raise it when they are reached.
        OSError: the file cannot be opened.
    """
    reading = Reading(file_format, text_column, record_errors, encoding, Quoting(quoting))
    if source == STANDARD_STREAM:
        with stream_records(sys.stdin.buffer, "standard input", reading, format_of(source, file_format)) as records_:
            yield records_
        return
    path = Path(source)
    if not stat.S_ISREG(path.stat().st_mode):  # a pipe, for instance, which can be opened and read once
        with path.open("rb") as stream, stream_records(stream, source, reading) as records_:
            yield records_
        return
    head = head_of(path)
    found = encoding_of(head, source, encoding)
    chosen = _chosen_format(source, file_format, head.decode(found, errors="replace"))

    def lines() -> Iterator[str]:
        with open_content(path) as content:
            yield from decoded_lines(content, found, source)

    reading = _surveyed(lines, chosen, reading, source)
    with open_content(path) as content:
        yield _records(decoded_lines(content, found, source), source, chosen, reading)


@contextmanager
def stream_records(
    stream: BinaryIO, name: str, reading: Reading, file_format: Format | None = None
) -> Iterator[Records]:
    """The rows of a stream that can be read once.

    CSV and TSV whose quotes have to be settled first are kept in a temporary file until the stream ends; all else is
    given out as it comes.

    Raises:
        OptionError, InputError: as ``open_records``.
    """
    head = stream.peek(HEAD_BYTES)[:HEAD_BYTES] if hasattr(stream, "peek") else b""
    encoding = encoding_of(head, name, reading.encoding)
    chosen = file_format or _chosen_format(name, reading.file_format, head.decode(encoding, errors="replace"))
    if chosen not in (Format.CSV, Format.TSV) or reading.quoting is not Quoting.AUTO:
        yield _records(decoded_lines(stream, encoding, name), name, chosen, reading)
        return
    with tempfile.SpooledTemporaryFile(SPOOLED_BYTES) as kept:
        shutil.copyfileobj(stream, kept)

        def lines() -> Iterator[str]:
            kept.seek(0)
            return decoded_lines(kept, encoding, name)

        settled = _surveyed(lines, chosen, reading, name)
        yield _records(lines(), name, chosen, settled)


def _chosen_format(source: str, requested: str | None, head: str) -> Format:
    """The format of a file: its suffix must tell it, or the caller.

    Raises:
        InputError: neither does; or the file is JSON and its name says something else.
    """
    beginning = head.lstrip()[:1]
    if requested is not None:
        return Format(requested)
    suffix = suffix_of(source)
    if suffix in SUFFIXES:
        chosen = SUFFIXES[suffix]
        return Format.JSON if chosen is Format.JSONL and beginning == "[" else chosen
    first = head.lstrip().splitlines()[0] if head.strip() else ""
    looks = "json" if beginning == "[" else "jsonl" if beginning == "{" else "lines"
    looks = "tsv" if looks == "lines" and "\t" in first else "csv" if looks == "lines" and "," in first else looks
    raise InputError(
        f"{source}: the name does not tell how the rows are written, and the file looks like {looks}; add --format "
        f"{looks} (or another of {', '.join(Format)})"
    )


def _surveyed(lines: Callable[[], Iterator[str]], chosen: Format, reading: Reading, name: str) -> Reading:
    """The way of reading a source, after all of it was read once.

    Raises:
        InputError: bytes that are no text, or two ways of reading quotes that give different rows.
    """
    if chosen not in (Format.CSV, Format.TSV) or reading.quoting is not Quoting.AUTO:
        for _ in lines():
            pass
        return reading
    first = next(lines(), "")
    delimiter = _delimiter(first, chosen)
    body = (lambda: _without_separator_line(lines())) if first.startswith(SEPARATOR_LINE) else lines
    return replace(reading, quoting=settled_quoting(body, delimiter, name))


def _without_separator_line(lines: Iterator[str]) -> Iterator[str]:
    next(lines, None)
    return lines


def read_records(
    stream: BinaryIO | Iterable[bytes],
    name: str,
    file_format: Format,
    text_column: str | None = None,
    *,
    record_errors: bool = False,
    quoting: str = Quoting.AUTO,
) -> Records:
    """The rows of lines of bytes; see ``open_records``. Reads no further than the first row."""
    reading = Reading(file_format, text_column, record_errors, None, Quoting(quoting))
    return _records(decoded_lines(stream, UTF8, name), name, file_format, reading)


def _records(lines: Iterator[str], name: str, file_format: Format, reading: Reading) -> Records:
    if file_format is Format.LINES:
        return _plain_records(lines, name, reading.text_column)
    if file_format in (Format.JSON, Format.JSONL):
        return _json_records(lines, name, file_format, reading)
    return _csv_records(lines, name, file_format, reading)


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


def _plain_records(lines: Iterator[str], name: str, text_column: str | None) -> Records:
    if text_column is not None:
        raise OptionError(f"--text {text_column} names a column, and plain lines have none; add --format csv or jsonl")
    texts = (line.removesuffix("\n").removesuffix("\r") for line in lines)
    rows = (Row(number, text, {DEFAULT_TEXT_COLUMN: text}) for number, text in enumerate(texts, 1))
    return Records(name, Format.LINES, (DEFAULT_TEXT_COLUMN,), DEFAULT_TEXT_COLUMN, ",", rows)


def _json_records(lines: Iterator[str], name: str, file_format: Format, reading: Reading) -> Records:
    objects = json_line_objects(lines) if file_format is Format.JSONL else json_objects(lines, name)
    first = next(objects, None)
    if first is None:
        column = reading.text_column or DEFAULT_TEXT_COLUMN
        return Records(name, Format.JSONL, (column,), column, ",", iter(()))
    if first.problem is not None:
        raise InputError(f"{name}: line {first.line} {first.problem}")
    columns = tuple(first.values)
    column = _text_column(columns, reading.text_column, f"{name}: line {first.line}")
    row_of = _recorded(_json_row) if reading.record_errors else _json_row
    rows = (row_of(found, column, name) for found in chain([first], objects))
    return Records(name, Format.JSONL, columns, column, ",", rows)


def _json_row(found: JSONObject, column: str, name: str) -> Row:
    where = f"{name}: line {found.line}"
    if found.problem is not None:
        raise InputError(f"{where} {found.problem}")
    values = found.values
    if column not in values:
        raise InputError(f"{where} has no key {column!r}, but {', '.join(values) or 'none at all'}")
    text = values[column]
    if not isinstance(text, str):
        raise InputError(f"{where}: {column!r} is {type(text).__name__} ({text!r:.40}), expected a string")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise InputError(f"{where}: {column!r} contains an unpaired surrogate, which is no character")
    return Row(found.line, text, values, source=found.source)


def _recorded(row_of: Callable[[JSONObject, str, str], Row]) -> Callable[[JSONObject, str, str], Row]:
    def recorded(found: JSONObject, column: str, name: str) -> Row:
        try:
            return row_of(found, column, name)
        except InputError as error:
            is_object = found.problem is None
            return Row(found.line, "", found.values, str(error), found.source if is_object else None)

    return recorded


def _csv_records(lines: Iterator[str], name: str, file_format: Format, reading: Reading) -> Records:
    first = next(lines, None)
    if first is None:
        raise InputError(f"{name} is empty, expected a line with the names of the columns")
    delimiter = _delimiter(first, file_format)
    quoting = Quoting.STANDARD if reading.quoting is Quoting.AUTO else reading.quoting
    is_header = not first.startswith(SEPARATOR_LINE)
    found = records(TextLines(chain([first] if is_header else [], lines)), delimiter, quoting)
    columns = _header(next(found, None), name)
    column = _text_column(columns, reading.text_column, name)
    offset = 0 if is_header else 1
    rows = (_csv_row(record, columns, column, name, reading, offset) for record in found)
    line_end = "\r\n" if first.endswith("\r\n") else "\n"
    return Records(name, file_format, columns, column, delimiter, rows, quoting, line_end)


def _delimiter(first: str, file_format: Format) -> str:
    if file_format is Format.TSV:
        return "\t"
    named = first.removeprefix(SEPARATOR_LINE).rstrip("\r\n")
    if first.startswith(SEPARATOR_LINE) and len(named) == 1:
        return named
    return delimiter_of(first)


def _header(found: Record | None, name: str) -> tuple[str, ...]:
    if found is None:
        raise InputError(f"{name} has blank lines only, expected a line with the names of the columns")
    if found.problem is not None:
        raise InputError(f"{name}: line {found.line} {found.problem}, expected the names of the columns")
    # Trailing delimiters, which spreadsheets write, make columns without a name: they go by their position.
    columns = tuple(column or f"column_{place}" for place, column in enumerate(found.fields, 1))
    repeated = next((column for column in columns if columns.count(column) > 1), None)
    if repeated is not None:
        raise InputError(f"{name}: line {found.line} names the column {repeated!r} twice")
    return columns


def _csv_row(record: Record, columns: tuple[str, ...], column: str, name: str, reading: Reading, offset: int) -> Row:
    line = record.line + offset
    problem = None if record.problem is None else f"{name}: what begins at line {line} {record.problem}"
    if problem is None and len(record.fields) != len(columns):
        problem = (
            f"{name}: line {line} has {len(record.fields)} fields, the header names {len(columns)}; "
            "a field with a delimiter or a quote in it must be quoted"
        )
    if problem is None:
        values = dict(zip(columns, record.fields, strict=True))
        return Row(line, values[column], values)
    if not reading.record_errors:
        raise InputError(problem)
    return Row(line, "", dict(zip(columns, record.fields, strict=False)), problem)
