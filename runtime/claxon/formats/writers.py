"""Rows -> CSV, TSV, JSON lines or a ``.npy`` array; a file is written whole or not at all."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import re
import shutil
import stat
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BufferedWriter
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.lib.format import write_array_header_1_0

from claxon.encoder.features import FloatMatrix
from claxon.errors import InputError, OptionError, OutputError
from claxon.formats.csv_records import Quoting
from claxon.formats.tables import STANDARD_STREAM, Format, Records, Row
from claxon.storage.atomic import NamedFile, try_out, whole_file


class RowWriter(Protocol):
    """Writes rows in one format."""

    def write(self, values: Mapping[str, Any], added: Mapping[str, Any], source: str | None = None, /) -> None:
        """One row: the columns that were read, then those that are added.

        ``source`` is the row's JSON as it was read: JSON lines repeat it to the character.
        """


@contextmanager
def open_output(target: str) -> Iterator[BinaryIO]:
    """A stream to write to: standard output for ``-``, else a file that appears when all is written.

    The file is written beside its target under another name, and renamed at the end: after an error or an
    interruption the target is as it was. What is there and is not a plain file (a pipe, a terminal), or is mounted by
    itself as single files of containers are, is written to as it is.

    Raises:
        OutputError: the file cannot be written.
    """
    if target == STANDARD_STREAM:
        yield sys.stdout.buffer
        return
    path = Path(target).resolve()
    is_mounted = path.is_file() and is_mount_point(path)
    if is_mounted:
        message = f"{target} is mounted by itself and cannot be replaced, so it is written in place"
        warnings.warn(message, UserWarning, stacklevel=2)
    if is_mounted or (path.exists() and not path.is_file()):
        with BufferedWriter(NamedFile(path, target)) as stream:
            yield stream
        return
    with whole_file(path, name=target) as stream:
        yield stream


def check_output(target: str) -> None:
    """Try whether a file can be written, before the work: its folder, its permissions, the space that is left.

    Raises:
        OutputError: it cannot; nothing was changed.
    """
    path = Path(target).resolve()
    if target == STANDARD_STREAM or (path.exists() and not path.is_file() and not path.is_dir()):
        return
    if path.is_dir():
        raise OutputError(f"{target} is a folder, expected the name of a file")
    if path.is_file() and is_mount_point(path):
        if not os.access(path, os.W_OK):
            raise OutputError(f"{target} could not be written: it is mounted by itself, and not to be written")
        return
    if path.exists() and _is_anothers(path):
        raise OutputError(
            f"{target} could not be written: it belongs to another user, and its folder lets only owners replace files"
        )
    try_out(path, target)
    if not shutil.disk_usage(path.parent).free:
        raise OutputError(f"{target} could not be written: {os.strerror(errno.ENOSPC)}; nothing was changed")


def _is_anothers(path: Path) -> bool:
    """Whether the folder is one like ``/tmp``, and neither it nor the file is the user's."""
    if not hasattr(os, "geteuid") or os.geteuid() == 0:
        return False
    folder = path.parent.stat()
    return bool(folder.st_mode & stat.S_ISVTX) and os.geteuid() not in (folder.st_uid, path.stat().st_uid)


def write_reject(stream: BinaryIO | None, row: Row) -> None:
    """A row that was left out, as a JSON line: where it begins, why, and what is known of it."""
    if stream is not None:
        reject = {"line": row.line, "reason": row.error, "values": row.values}
        stream.write(json.dumps(reject, ensure_ascii=False).encode(errors="backslashreplace") + b"\n")


def is_mount_point(path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> bool:
    """Whether something is mounted at exactly this path; see proc_pid_mountinfo(5), whose fifth field it is."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return path.is_mount()
    points = (line.split()[4] for line in lines if len(line.split()) > 4)
    return any(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), point) == str(path) for point in points)


def check_new_columns(columns: Sequence[str], added: Sequence[str]) -> None:
    """Raise if an added column has the name of another.

    Raises:
        OptionError: with the way out.
    """
    for position, name in enumerate(added):
        if name in columns:
            raise OptionError(f"the input has a column {name!r} already; add for instance --prefix claxon_")
        if name in added[:position]:
            raise OptionError(f"two added columns would be named {name!r}; use --json, which nests them")


def row_writer(stream: BinaryIO, file_format: Format, records: Records, added: Sequence[str]) -> RowWriter:
    """A writer of the records' columns and the added ones, in ``file_format``; CSV begins with its header.

    Raises:
        OptionError: an added column has the name of another.
    """
    check_new_columns(records.columns, added)
    if file_format is Format.JSONL:
        return JSONWriter(stream)
    delimiter = _delimiter(file_format, records)
    is_same = file_format is records.format and delimiter == records.delimiter
    quoting = records.quoting if is_same else Quoting.STANDARD
    return CSVWriter(
        stream,
        [*records.columns, *added],
        delimiter,
        quoting=quoting,
        line_end=records.line_end if is_same else "\n",
        quote=records.quote if is_same else '"',
    )


def _delimiter(file_format: Format, records: Records) -> str:
    if file_format is Format.TSV:
        return "\t"
    return records.delimiter if records.format is Format.CSV else ","


class CSVWriter:
    """Rows with delimiters between; the header is written at once."""

    def __init__(
        self,
        stream: BinaryIO,
        columns: Sequence[str],
        delimiter: str,
        *,
        quoting: Quoting = Quoting.STANDARD,
        line_end: str = "\n",
        quote: str = '"',
    ) -> None:
        self._stream = stream
        self._columns = list(columns)
        self._line = io.StringIO()
        self._line_end = line_end
        if quoting is Quoting.NONE:
            self._writer = csv.writer(self._line, delimiter=delimiter, quoting=csv.QUOTE_NONE, quotechar=None)
        else:
            self._writer = csv.writer(self._line, delimiter=delimiter, quotechar=quote)
        self._write_line(self._columns)

    def write(self, values: Mapping[str, Any], added: Mapping[str, Any], _source: str | None = None, /) -> None:
        """One row; a column that it has not is left empty.

        Raises:
            InputError: the row has a column that the header has not.
        """
        row = {**values, **added}
        unknown = next((name for name in row if name not in self._columns), None)
        if unknown is not None:
            raise InputError(f"a row has the key {unknown!r}, which the first row has not; use --json")
        self._write_line([csv_cell(row.get(name)) for name in self._columns])

    def _write_line(self, cells: Sequence[str]) -> None:
        self._line.seek(0)
        self._line.truncate()
        try:
            self._writer.writerow(cells)
        except csv.Error as error:
            raise InputError(
                f"a field holds the delimiter or a line break, and the input quotes nothing ({error}); add --json"
            ) from None
        # With its own line ending, \r\n, the csv module quotes fields that hold a lone \r; with \n it would not.
        line = self._line.getvalue().removesuffix("\r\n") + self._line_end
        self._stream.write(line.encode(errors="backslashreplace"))


class JSONWriter:
    """One JSON object a line."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, values: Mapping[str, Any], added: Mapping[str, Any], source: str | None = None, /) -> None:
        """One row.

        Raises:
            OptionError: an added column has the name of one of the row's.
        """
        check_new_columns(list(values), list(added))
        row = {**values, **added}
        line = json.dumps(row, ensure_ascii=False) if source is None else _extended(source, added)
        # Half surrogates, which JSON can escape and UTF-8 cannot hold, come out as the escapes that they were.
        self._stream.write(line.encode(errors="backslashreplace") + b"\n")


def _extended(source: str, added: Mapping[str, Any]) -> str:
    """An object as it was written, on one line, with more keys at its end."""
    kept = source.replace("\r", " ").replace("\n", " ").strip()
    if not added:
        return kept
    more = json.dumps(dict(added), ensure_ascii=False)
    inside = kept[1:-1].rstrip()
    return "{" + inside + (", " if inside.strip() else "") + more[1:]


def csv_cell(value: Any) -> str:
    """A JSON value as the text of a CSV field: nothing for ``None``, JSON for booleans, lists and objects."""
    if value is None:
        return ""
    if isinstance(value, bool | list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


class ArrayWriter:
    """An array in numpy's format, row after row; the header is written again when the number of rows is known."""

    def __init__(self, stream: BinaryIO, width: int) -> None:
        self._stream = stream
        self._width = width
        self._rows = 0
        self._write_header()

    def write(self, rows: FloatMatrix) -> None:
        """Some more rows. Shape: ``(rows, width)``."""
        self._stream.write(np.ascontiguousarray(rows, "<f4").tobytes())
        self._rows += len(rows)

    def finish(self) -> None:
        """Put the number of rows into the header; numpy pads it, so that any number fits."""
        self._stream.seek(0)
        self._write_header()

    def _write_header(self) -> None:
        shape = (self._rows, self._width)
        write_array_header_1_0(self._stream, {"descr": "<f4", "fortran_order": False, "shape": shape})
