"""Lines of bytes with their places, from a plain or a compressed file."""

from __future__ import annotations

import gzip
import io
import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from claxon.errors import JobInputError
from claxon.formats.arrow import arrow

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# A file without line ends would be read whole as one line.
MAX_LINE_BYTES = 64 << 20
READ_ERRORS = (OSError, EOFError, zlib.error)


class InputFormat(StrEnum):
    """How the rows of an input are written down."""

    PARQUET = "parquet"
    CSV = "csv"
    TSV = "tsv"
    JSONL = "jsonl"


class Compression(StrEnum):
    """How a text file is compressed."""

    NONE = "none"
    GZIP = "gz"
    ZSTD = "zst"


@dataclass(frozen=True, slots=True)
class LinePosition:
    """Where a line begins: the byte after decompression, and the line's number from 1."""

    offset: int
    line: int


START = LinePosition(0, 1)


class Lines:
    """The lines of a file, in order; what was taken last can be given back.

    Attributes:
        place: Where the next line begins.
    """

    def __init__(self, path: Path, compression: Compression, start: LinePosition = START) -> None:
        """Open ``path`` at ``start``; in a compressed file only the beginning can be opened.

        Raises:
            JobInputError: it cannot be opened.
        """
        self._path = path
        self._given_back: deque[bytes] = deque()
        self.place = start
        try:
            self._stream = _opened(path, compression)
        except OSError as error:
            raise JobInputError(f"{path} cannot be read: {error.strerror or error}") from None
        try:
            if start.offset:
                self._stream.seek(start.offset)
            else:
                self._skip_byte_order_mark()
        except READ_ERRORS as error:
            self.close()
            raise self._damage(error) from None

    def __iter__(self) -> Iterator[bytes]:
        """The lines themselves."""
        return self

    def __next__(self) -> bytes:
        """The next line with its end.

        Raises:
            JobInputError: the file is damaged, or the line too long.
        """
        line = self._given_back.popleft() if self._given_back else self._read()
        if not line:
            raise StopIteration
        self.place = LinePosition(self.place.offset + len(line), self.place.line + 1)
        return line

    def give_back(self, lines: list[bytes], place: LinePosition) -> None:
        """Put lines back that were the last to be taken, the first of them at ``place``."""
        self._given_back.extendleft(reversed(lines))
        self.place = place

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def __enter__(self) -> Self:
        """The lines themselves."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def _skip_byte_order_mark(self) -> None:
        if self._stream.peek(len(BYTE_ORDER_MARK)).startswith(BYTE_ORDER_MARK):
            self.place = LinePosition(len(self._stream.read(len(BYTE_ORDER_MARK))), 1)

    def _read(self) -> bytes:
        try:
            line = self._stream.readline(MAX_LINE_BYTES)
        except READ_ERRORS as error:
            raise self._damage(error) from None
        if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
            raise JobInputError(f"{self._path}: line {self.place.line} is longer than {MAX_LINE_BYTES >> 20} MiB")
        return line

    def _damage(self, error: Exception) -> JobInputError:
        beyond = f" beyond line {self.place.line - 1}" if self.place.line > 1 else ""
        return JobInputError(f"{self._path} is damaged: it cannot be read{beyond} ({error})")


def _opened(path: Path, compression: Compression) -> io.BufferedReader | gzip.GzipFile:
    if compression is Compression.GZIP:
        return gzip.GzipFile(path, "rb")
    if compression is Compression.ZSTD:
        return io.BufferedReader(arrow().input_stream(str(path), compression="zstd"))
    return path.open("rb")
