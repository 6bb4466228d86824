"""Tables that are no text: Parquet, Feather (Arrow) and Excel workbooks -> rows, one at a time.

Parquet and Feather need pyarrow (``pip install 'claxon[jobs]'``), workbooks openpyxl (``pip install 'claxon[excel]'``).
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, time, timedelta
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any

from claxon.errors import InputError, MissingDependencyError
from claxon.formats.arrow import arrow, damage_told, feather, parquet
from claxon.formats.csv_table import column_names
from claxon.formats.tables import Format

BATCH_ROWS = 1024
# An .xlsx is a zip archive: one that unpacks to more than this, and to more than so many times its size, is refused.
MAX_UNPACKED_BYTES, MAX_UNPACKED_TIMES = 1 << 30, 200


@contextmanager
def open_table(path: Path, file_format: Format) -> Iterator[BinaryTable]:
    """The columns and rows of a table.

    Raises:
        InputError: it is damaged, or no such table.
        MissingDependencyError: the library that reads it is not installed; the message names the extra.
    """
    if file_format is Format.XLSX:
        with _open_workbook(path) as table:
            yield table
        return
    kind = "a Parquet file" if file_format is Format.PARQUET else "an Arrow file"
    with damage_told(path, "its beginning", is_what=f" is {kind} and"):
        source = parquet().ParquetFile(str(path)) if file_format is Format.PARQUET else feather().read_table(str(path))
    names = tuple(source.schema_arrow.names if file_format is Format.PARQUET else source.column_names)
    is_parquet = file_format is Format.PARQUET
    batches = source.iter_batches(BATCH_ROWS, use_threads=False) if is_parquet else source.to_batches(BATCH_ROWS)
    try:
        yield BinaryTable(_names(names, path), _arrow_rows(iter(batches), path))
    finally:
        if is_parquet:
            source.close()


class BinaryTable:
    """Columns, and rows as their values in the columns' order; to be iterated over once."""

    def __init__(self, columns: tuple[str, ...], rows: Iterator[list[Any]]) -> None:
        self.columns = columns
        self._rows = rows

    def __iter__(self) -> Iterator[list[Any]]:
        """The rows."""
        return self._rows


def _names(fields: tuple[str, ...], path: Path) -> tuple[str, ...]:
    try:
        return column_names(fields)
    except ValueError as error:
        raise InputError(f"{path} {error}") from None


def _arrow_rows(batches: Iterator[Any], path: Path) -> Iterator[list[Any]]:
    row = 0
    while True:
        with damage_told(path, f"row {row}"):
            batch = next(batches, None)
            try:
                columns = [] if batch is None else [column.to_pylist() for column in batch.columns]
            except UnicodeDecodeError as error:
                wrong = error.object[error.start]
                raise InputError(f"{path}: a row after row {row} is not UTF-8 (byte 0x{wrong:02x})") from None
            except arrow().ArrowException:
                raise
        if batch is None:
            return
        for values in zip(*columns, strict=True):
            yield [plain_value(value) for value in values]
        row += len(batch)


@contextmanager
def _open_workbook(path: Path) -> Iterator[BinaryTable]:
    """The first sheet; its first row names the columns."""
    try:
        openpyxl = import_module("openpyxl")
    except ImportError as error:
        raise MissingDependencyError(f"openpyxl cannot be imported ({error}); pip install 'claxon[excel]'") from error
    try:
        _check_size(path)
        # As a stream: of a name, openpyxl believes the suffix.
        stream = path.open("rb")
        book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
    except InputError:
        raise
    except Exception as error:  # openpyxl raises whatever its parts do: KeyError, BadZipFile, ParseError
        raise InputError(
            f"{path} is an Excel workbook that is damaged: {type(error).__name__}: {error!s:.200}"
        ) from None
    try:
        if not book.worksheets:
            raise InputError(f"{path} has no sheet with cells")
        rows = _sheet_rows(book.worksheets[0], path)
        header = next((row for row in rows if any(value is not None for value in row)), None)
        if header is None:
            raise InputError(f"{path}: its first sheet is empty, expected a row with the names of the columns")
        names = _trimmed(["" if value is None else str(value) for value in header])
        columns = _names(tuple(names), path)
        yield BinaryTable(columns, _filled(rows, len(columns), path))
    finally:
        book.close()
        stream.close()


def _check_size(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > max(MAX_UNPACKED_BYTES, MAX_UNPACKED_TIMES * path.stat().st_size):
        raise InputError(
            f"{path} would unpack to {unpacked:,} bytes, which no sheet of texts does; save it as CSV UTF-8"
        )


def _sheet_rows(sheet: Any, path: Path) -> Iterator[list[Any]]:
    rows = sheet.iter_rows(values_only=True)
    number = 0
    while True:
        number += 1
        try:
            row = next(rows, None)
        except Exception as error:  # as above, where a part of the archive is damaged
            raise InputError(f"{path} cannot be read at row {number}: {type(error).__name__}: {error!s:.200}") from None
        if row is None:
            return
        yield [plain_value(value) for value in row]


def _filled(rows: Iterator[list[Any]], width: int, path: Path) -> Iterator[list[Any]]:
    """Rows of ``width`` values; rows of empty cells at the end, which only have a format, are none."""
    blank: list[list[Any]] = []
    for row in rows:
        values = [*row, *[None] * width][:width]
        if any(value is not None for value in row[width:]):
            raise InputError(f"{path}: a row has a value beyond the {width} columns that the first row names")
        if all(value is None for value in values):
            blank.append(values)
            continue
        yield from chain(blank, [values])
        blank = []


def _trimmed(names: list[str]) -> list[str]:
    while names and not names[-1]:
        names.pop()
    return names


def plain_value(value: Any) -> Any:
    """A value as JSON has it: times in ISO 8601, bytes in hexadecimal, numbers that are none as ``None``."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, dict):
        return {str(name): plain_value(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(item) for item in value]
    if isinstance(value, date | time):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.hex() if isinstance(value, bytes) else str(value)
