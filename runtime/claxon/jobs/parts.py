"""Record batches -> a part: Parquet, or JSON lines."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, time, timedelta
from io import RawIOBase
from typing import Any, Protocol

from claxon.formats.arrow import arrow, parquet
from claxon.jobs.columns import is_json
from claxon.jobs.plan import OutputFormat
from claxon.labelling.columns import shortest

COMPRESSION = "zstd"
# Rows are gathered for a row group up to either.
GROUP_ROWS = 128 << 10
GROUP_BYTES = 64 << 20


class PartWriter(Protocol):
    """Writes record batches into a stream, which it leaves open."""

    def write(self, batch: Any) -> None:
        """The rows of one record batch."""

    def finish(self) -> None:
        """After the last row."""

    def abandon(self) -> None:
        """Write nothing more, whatever is gathered."""


@contextmanager
def part_writer(stream: RawIOBase, schema: Any, output_format: OutputFormat) -> Iterator[PartWriter]:
    """A writer of rows of an Arrow schema in a format; the part is finished when the block ends well."""
    kind = ParquetPart if output_format is OutputFormat.PARQUET else JSONLinesPart
    writer = kind(stream, schema)
    try:
        yield writer
        writer.finish()
    finally:
        writer.abandon()


class ParquetPart:
    """Parquet, in row groups of bounded size."""

    def __init__(self, stream: RawIOBase, schema: Any) -> None:
        """Write rows of ``schema``."""
        self._schema = schema
        self._writer = parquet().ParquetWriter(stream, schema, compression=COMPRESSION)
        self._gathered: list[Any] = []

    def write(self, batch: Any) -> None:
        """The rows of one record batch."""
        self._gathered.append(batch)
        n_rows, n_bytes = sum(map(len, self._gathered)), sum(batch.nbytes for batch in self._gathered)
        if n_rows >= GROUP_ROWS or n_bytes >= GROUP_BYTES:
            self._write_group()

    def finish(self) -> None:
        """Write what is left, and the footer."""
        self._write_group()
        self._writer.close()

    def abandon(self) -> None:
        """Keep the writer from adding a footer when it is collected, to a stream that is closed by then."""
        self._writer.is_open = False

    def _write_group(self) -> None:
        if self._gathered:
            self._writer.write_table(arrow().Table.from_batches(self._gathered, self._schema), GROUP_ROWS)
        self._gathered = []


class JSONLinesPart:
    """One JSON object a line; times as ISO 8601, numbers that are none as null, bytes in hexadecimal."""

    def __init__(self, stream: RawIOBase, schema: Any) -> None:
        """Write rows of ``schema``."""
        self._stream = stream
        self._json = [field.name for field in schema if is_json(field)]
        self._float32 = [field.name for field in schema if arrow().types.is_float32(field.type)]
        self._vectors = [field.name for field in schema if arrow().types.is_fixed_size_list(field.type)]

    def write(self, batch: Any) -> None:
        """The rows of one record batch."""
        self._stream.write(b"".join(map(self._line, batch.to_pylist())))

    def finish(self) -> None:
        """Nothing is left to do."""

    def abandon(self) -> None:
        """Nothing is left to do."""

    def _line(self, row: dict[str, Any]) -> bytes:
        for name in self._json:
            row[name] = None if row[name] is None else json.loads(row[name])
        for name in self._float32:
            row[name] = None if row[name] is None else shortest(row[name])
        for name in self._vectors:
            row[name] = None if row[name] is None else [_short(value) for value in row[name]]
        try:
            line = json.dumps(row, ensure_ascii=False, allow_nan=False, default=_plain)
        except ValueError:
            line = json.dumps(_without_nan(row), ensure_ascii=False, default=_plain)
        return line.encode(errors="backslashreplace") + b"\n"


def _short(value: Any) -> Any:
    return shortest(value) if isinstance(value, float) else value


def _plain(value: Any) -> Any:
    if isinstance(value, date | time):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.hex() if isinstance(value, bytes) else str(value)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nan(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
