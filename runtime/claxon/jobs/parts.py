"""Done-markers: what was written for a shard, and how one sees that it is still that."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from io import RawIOBase
from pathlib import Path
from typing import Any, Protocol

from claxon.errors import JobDamagedError
from claxon.formats.arrow import arrow, parquet
from claxon.formats.column_types import is_json
from claxon.heads.decision import shortest
from claxon.jobs.plan import OutputFormat, Plan, Shard
from claxon.storage.job_folder import write_durably
from claxon.storage.strict_json import LATER, StrictJSONError, decode, encode, parse


@dataclass(frozen=True, slots=True)
class Written:
    """A file as it was written."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Marker:
    """A shard is done.

    Attributes:
        shard: The shard.
        input_sha256: Of the file that it was read from.
        bundle_digest: Of the bundle that labelled it.
        options_digest: Of the options.
        part: The file of its rows.
        rejects: The file of its bad rows; ``None`` where it has none.
        rows: Rows in the part.
        rejected: Bad rows; with ``rows`` they add up to the shard's.
        truncated: Texts that were cut.
        n_tokens: Tokens of all texts before the cut; of a very long text at least so many.
        seconds: From the first row to the marker, in the worker.
        missing: Rows in the part without a text, which have no label.
    """

    shard: Shard
    input_sha256: str
    bundle_digest: str
    options_digest: str
    part: Written
    rejects: Written | None
    rows: int
    rejected: int
    truncated: int
    n_tokens: int
    seconds: float
    missing: int = field(default=0, metadata=LATER)


def write_marker(plan: Plan, out: Path, marker: Marker) -> None:
    """Say that a shard is done; its files are on the disk by then.

    Raises:
        JobWriteError: the marker cannot be written.
    """
    content = (json.dumps(encode(marker), indent=1) + "\n").encode()
    write_durably(plan.folder(out).marker(marker.shard.number), content)


def read_marker(plan: Plan, out: Path, number: int) -> Marker:
    """The marker of a shard.

    Raises:
        JobDamagedError: it is no marker, or one of another job.
        FileNotFoundError: the shard is not done.
    """
    path = plan.folder(out).marker(number)
    try:
        marker: Marker = decode(Marker, parse(path.read_bytes()))
    except StrictJSONError as error:
        raise JobDamagedError(f"{path}: {error}; remove it, and the next run does the shard again") from None
    if number >= len(plan.shards) or not _is_of(marker, plan, plan.shards[number]):
        raise JobDamagedError(f"{path} is of another job; remove it, and the next run does the shard again")
    return marker


def read_markers(plan: Plan, out: Path) -> dict[int, Marker]:
    """The markers of all shards that have one, by the shard's number.

    Raises:
        JobDamagedError: as ``read_marker``.
    """
    return {number: read_marker(plan, out, number) for number in plan.folder(out).numbers_done()}


def done_markers(plan: Plan, out: Path) -> dict[int, Marker]:
    """The markers of all shards that are done: one whose part is gone, or has another size, is not.

    Raises:
        JobDamagedError: as ``read_marker``.
    """
    folder = plan.folder(out)
    found = read_markers(plan, out)
    return {number: marker for number, marker in found.items() if _has_size(folder.part(number), marker.part)}


def pending(plan: Plan, out: Path) -> list[Shard]:
    """The shards that are not done, in order.

    Raises:
        JobDamagedError: as ``read_marker``.
    """
    done = done_markers(plan, out)
    return [shard for shard in plan.shards if shard.number not in done]


def _has_size(path: Path, written: Written) -> bool:
    try:
        return path.stat().st_size == written.size_bytes
    except OSError:
        return False


def _is_of(marker: Marker, plan: Plan, shard: Shard) -> bool:
    expected = (shard, plan.files[shard.file].sha256, plan.bundle_digest, plan.options.digest)
    found = (marker.shard, marker.input_sha256, marker.bundle_digest, marker.options_digest)
    return found == expected and marker.rows + marker.rejected == shard.rows


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
