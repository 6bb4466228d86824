"""Lines of UTF-8 with their places, from a plain or a compressed file; what is in another encoding is transcoded."""

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

from claxon.errors import InputError
from claxon.formats.arrow import arrow
from claxon.formats.content import GZIP, UTF8, ZSTD, decoded_lines

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# A file without line ends would be read whole as one line.
MAX_LINE_BYTES = 64 << 20
# Read at a time, so that a file whose lines end in carriage returns is not held whole.
PIECE_BYTES = 1 << 20
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


def compression_of(path: Path) -> Compression:
    """How a file is compressed, by its first bytes.

    Raises:
        InputError: it cannot be opened.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(len(ZSTD))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
    signatures = {GZIP: Compression.GZIP, ZSTD: Compression.ZSTD}
    return next((kind for signature, kind in signatures.items() if head.startswith(signature)), Compression.NONE)


@dataclass(frozen=True, slots=True)
class LinePosition:
    """Where a line begins: the byte after decompression and transcoding, and the line's number from 1."""

    offset: int
    line: int


START = LinePosition(0, 1)


class Lines:
    r"""The lines of a file, in order, which end in ``\n``, ``\r\n`` or ``\r``; what was taken last can be given back.

    Attributes:
        place: Where the next line begins.
    """

    def __init__(self, path: Path, compression: Compression, start: LinePosition = START, encoding: str = UTF8) -> None:
        """Open ``path`` at ``start``; one that is compressed or not UTF-8 can be opened at its beginning only.

        Raises:
            InputError: it cannot be opened.
        """
        self._path = path
        self._given_back: deque[bytes] = deque()
        self._cut_off = b""
        self._transcoded: Iterator[str] | None = None
        self.place = start
        try:
            self._stream = _opened(path, compression)
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
        try:
            if start.offset:
                self._stream.seek(start.offset)
            else:
                self._skip_byte_order_mark()
        except READ_ERRORS as error:
            self.close()
            raise self._damage(error) from None
        if encoding != UTF8:
            self._transcoded = decoded_lines(self._stream, encoding, str(path))

    def __iter__(self) -> Iterator[bytes]:
        """The lines themselves."""
        return self

    def __next__(self) -> bytes:
        """The next line with its end.

        Raises:
            InputError: the file is damaged, or the line too long.
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
        """The next line of the file; lines that end in a lone carriage return are found in what is read at once."""
        if self._transcoded is not None:
            return next(self._transcoded, "").encode()
        line, self._cut_off = self._cut_off, b""
        while not line.endswith(b"\n") and _first_return(line) is None:
            try:
                piece = self._stream.readline(PIECE_BYTES)
            except READ_ERRORS as error:
                raise self._damage(error) from None
            line += piece
            if not piece:
                break
            if len(line) >= MAX_LINE_BYTES and not line.endswith(b"\n"):
                raise InputError(f"{self._path}: line {self.place.line} is longer than {MAX_LINE_BYTES >> 20} MiB")
        end = _first_return(line)
        if end is not None:
            line, self._cut_off = line[:end], line[end:]
        return line

    def _damage(self, error: Exception) -> InputError:
        beyond = f" beyond line {self.place.line - 1}" if self.place.line > 1 else ""
        return InputError(f"{self._path} is damaged: it cannot be read{beyond} ({error})")


def _opened(path: Path, compression: Compression) -> io.BufferedReader | gzip.GzipFile:
    if compression is Compression.GZIP:
        return gzip.GzipFile(path, "rb")
    if compression is Compression.ZSTD:
        return io.BufferedReader(arrow().input_stream(str(path), compression="zstd"))
    return path.open("rb")


def _first_return(line: bytes) -> int | None:
    """Where a lone carriage return ends a line; ``None`` where none does for sure."""
    at = line.find(b"\r")
    while 0 <= at < len(line) - 1:
        if line[at + 1 : at + 2] != b"\n":
            return at + 1
        at = line.find(b"\r", at + 1)
    return None
