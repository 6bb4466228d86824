"""Files of rows -> rows, one at a time; memory does not grow with the file.

CSV, TSV, JSON, JSON lines and plain lines, in UTF-8 with or without a byte order mark, in UTF-16, or in the encoding
that the caller names; any line ending; gzip and zstd are decompressed. Parquet, Feather and Excel workbooks where their
libraries are installed. The bytes say what a file is, not its name. A row that cannot be read is an error that names
its line, or is set apart; it is never passed over.
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

from claxon.errors import InputError
from claxon.formats.binary_tables import open_table
from claxon.formats.content import (
    HEAD_BYTES,
    UTF8,
    binary_format,
    decoded_lines,
    encoding_of,
    head_of,
    json_format,
    open_content,
)
from claxon.formats.csv_records import Quoting, settled_quoting
from claxon.formats.csv_table import Dialect, dialect_of, separator_of
from claxon.formats.row_parsing import binary_records, csv_records, json_records, plain_records
from claxon.formats.tables import (
    BINARY_FORMATS,
    CSV_FORMATS,
    JSON_FORMATS,
    STANDARD_STREAM,
    SUFFIXES,
    Format,
    Reading,
    Records,
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
    delimiter: str | None = None,
    quote: str | None = None,
) -> Iterator[Records]:
    """Open a file, or standard input for ``-``.

    A file is read twice: the first time to see that all of it is text, and how its quotes are to be read. So no row is
    given out of a file that cannot be read to its end.

    Args:
        source: A path, or ``-``.
        file_format: A ``Format``; ``None`` goes by the first bytes and the suffix.
        text_column: Which column holds the texts; ``None`` takes ``text``, or the only one.
        record_errors: A row that cannot be read is a row with an ``error``, not an error.
        encoding: Of the text, by Python's name; ``None`` goes by the byte order mark, and is UTF-8 without one.
        quoting: ``standard``, ``none`` (quotes mean nothing), or ``auto``: whichever gives every row the header's
            number of fields.
        delimiter: Between fields of CSV; ``None`` takes the comma, semicolon or tab that the header has most of.
        quote: The character that quotes; ``None`` is the double quote.

    Raises:
        OptionError: there is no such column, or none that is the text's for sure (the message lists them); or an
            option's value cannot be met.
        InputError: the file is not text, or of a name that tells no format; a row cannot be read: the message names
            its line. Rows raise it when they are reached.
        MissingDependencyError: Parquet, Feather, Excel or zstd without their library.
        OSError: the file cannot be opened.
    """
    reading = Reading.from_options(
        file_format=file_format,
        text_column=text_column,
        record_errors=record_errors,
        encoding=encoding,
        quoting=quoting,
        delimiter=delimiter,
        quote=quote,
    )
    with read_source(source, reading) as records:
        yield records


@contextmanager
def read_source(source: str, reading: Reading) -> Iterator[Records]:
    """``open_records`` with its options in one object.

    Raises:
        OptionError, InputError, MissingDependencyError, OSError: as ``open_records``.
    """
    if source == STANDARD_STREAM:
        with stream_records(sys.stdin.buffer, "standard input", reading, Format.LINES) as found:
            yield found
        return
    path = Path(source)
    if not stat.S_ISREG(path.stat().st_mode):  # a pipe, for instance, which can be opened and read once
        with path.open("rb") as stream, stream_records(stream, source, reading) as found:
            yield found
        return
    with _file_records(path, source, reading) as found:
        yield found


@contextmanager
def _file_records(path: Path, source: str, reading: Reading) -> Iterator[Records]:
    head = head_of(path)
    binary = reading.file_format if reading.file_format in BINARY_FORMATS else binary_format(head)
    if binary is not None:
        with open_table(path, binary) as table:
            yield binary_records(table, source, binary, reading)
        return
    encoding = encoding_of(head, source, reading.encoding)
    chosen = _chosen_format(source, reading.file_format, head.decode(encoding, errors="replace"))

    def lines() -> Iterator[str]:
        with open_content(path) as content:
            yield from decoded_lines(content, encoding, source)

    dialect = _surveyed(lines, chosen, reading, source)
    with open_content(path) as content:
        yield _records(decoded_lines(content, encoding, source), source, chosen, reading, dialect)


@contextmanager
def stream_records(stream: BinaryIO, name: str, reading: Reading, fallback: Format | None = None) -> Iterator[Records]:
    """The rows of a stream that can be read once; ``fallback`` is its format where nothing tells another.

    CSV and TSV whose quotes have to be settled first are kept in a temporary file until the stream ends; all else is
    given out as it comes.

    Raises:
        OptionError, InputError: as ``open_records``.
    """
    head = stream.peek(HEAD_BYTES)[:HEAD_BYTES] if hasattr(stream, "peek") else b""
    encoding = encoding_of(head, name, reading.encoding)
    chosen = _chosen_format(name, reading.file_format, head.decode(encoding, errors="replace"), fallback)
    if chosen not in CSV_FORMATS or reading.quoting is not Quoting.AUTO:
        yield _records(decoded_lines(stream, encoding, name), name, chosen, reading)
        return
    with tempfile.SpooledTemporaryFile(SPOOLED_BYTES) as kept:
        shutil.copyfileobj(stream, kept)

        def lines() -> Iterator[str]:
            kept.seek(0)
            return decoded_lines(kept, encoding, name)

        dialect = _surveyed(lines, chosen, reading, name)
        yield _records(lines(), name, chosen, reading, dialect)


def _chosen_format(source: str, requested: Format | None, head: str, fallback: Format | None = None) -> Format:
    """The format of a text: the one requested, else JSON where it begins like that, else as its name tells.

    Raises:
        InputError: nothing tells; or the name is that of a table which is no text.
    """
    if requested is not None:
        return requested
    found = json_format(head)
    named = SUFFIXES.get(suffix_of(source))
    if named in BINARY_FORMATS:
        raise InputError(f"{source} is text and no {named} file; add --format {_looks(head, found)} if that is right")
    if found is not None and (named is not None or fallback is not None):
        return found
    if named in JSON_FORMATS and head.lstrip()[:1] == "[":
        return Format.JSON
    if named is not None or fallback is not None:
        return named or fallback or Format.LINES
    looks = _looks(head, found)
    raise InputError(
        f"{source}: the name does not tell how the rows are written, and the file looks like {looks}; add --format "
        f"{looks} (or another of {', '.join(kind for kind in Format if kind not in BINARY_FORMATS)})"
    )


def _looks(head: str, found: Format | None) -> Format:
    first = head.lstrip().splitlines()[0] if head.strip() else ""
    return found or (Format.TSV if "\t" in first else Format.CSV if "," in first else Format.LINES)


def _surveyed(lines: Callable[[], Iterator[str]], chosen: Format, reading: Reading, name: str) -> Dialect | None:
    """How fields are told apart, after all of a source was read once; ``None`` where there are no fields.

    Raises:
        InputError: bytes that are no text, or two ways of reading quotes that give different rows.
    """
    if chosen not in CSV_FORMATS or reading.quoting is not Quoting.AUTO:
        for _ in lines():
            pass
        return None
    first = next(lines(), "")
    dialect = _dialect(first, chosen, reading)
    body = (lambda: _without_first(lines())) if separator_of(first) is not None else lines
    return dialect.settled(settled_quoting(body, dialect.delimiter, name, dialect.quote))


def _without_first(lines: Iterator[str]) -> Iterator[str]:
    next(lines, None)
    return lines


def _dialect(first: str, chosen: Format, reading: Reading) -> Dialect:
    is_tsv = chosen is Format.TSV
    return dialect_of(first, reading.quoting, is_tsv=is_tsv, delimiter=reading.delimiter, quote=reading.quote)


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
    reading = Reading.from_options(text_column=text_column, record_errors=record_errors, quoting=quoting)
    return _records(decoded_lines(stream, UTF8, name), name, file_format, reading)


def _records(
    lines: Iterator[str], name: str, chosen: Format, reading: Reading, settled: Dialect | None = None
) -> Records:
    if chosen is Format.LINES:
        return plain_records(lines, name, reading)
    if chosen in JSON_FORMATS:
        return json_records(lines, name, chosen, reading)
    first = next(lines, None)
    if first is None:
        raise InputError(f"{name} is empty, expected a line with the names of the columns")
    dialect = settled or _dialect(first, chosen, reading)
    records = csv_records(chain([first], lines), name, chosen, reading, dialect, first)
    return replace(records, is_settled=settled is not None)
