"""What a file is, by its first bytes: text in some encoding, compressed text, or something that is no text at all."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

from claxon.errors import InputError, OptionError
from claxon.formats.arrow import arrow

HEAD_BYTES = 4096
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
# What else begins like this, what it is, and the cure.
SIGNATURES = (
    (b"PAR1", "a Parquet file; read it with `claxon job run`, or write it as CSV or JSON lines"),
    (b"ARROW1", "an Arrow file; write it as CSV or JSON lines, or as Parquet for `claxon job run`"),
    (b"FEA1", "a Feather file; write it as CSV or JSON lines, or as Parquet for `claxon job run`"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook (.xls); save the sheet as CSV UTF-8"),
    (b"%PDF", "a PDF document; extract its text first"),
    (b"SQLite format 3\x00", "an SQLite database; export the table as CSV"),
    (b"BZh", "compressed with bzip2; decompress it first (bunzip2)"),
    (b"\xfd7zXZ\x00", "compressed with xz; decompress it first (unxz)"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"\x7fELF", "a program"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x80\x04", "a Python pickle, which is never opened; write the rows as CSV or JSON lines"),
    (b"\x80\x05", "a Python pickle, which is never opened; write the rows as CSV or JSON lines"),
)
# UTF-32's marks begin like UTF-16's, so they come first.
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
UTF8 = "utf-8-sig"  # UTF-8, with or without a byte order mark
READ_ERRORS = (EOFError, zlib.error, gzip.BadGzipFile)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)")


def open_content(path: Path) -> BinaryIO:
    """The bytes of a file, decompressed where it begins like gzip or zstd.

    Raises:
        MissingDependencyError: zstd needs pyarrow.
        OSError: the file cannot be opened.
    """
    stream = path.open("rb")
    head = stream.peek(len(ZSTD))
    if head.startswith(GZIP):
        stream.close()
        return cast(BinaryIO, gzip.open(path))
    if head.startswith(ZSTD):
        stream.close()
        return cast(BinaryIO, io.BufferedReader(arrow().input_stream(str(path), compression="zstd")))
    return stream


def head_of(path: Path) -> bytes:
    """The first bytes of a file, decompressed.

    Raises:
        InputError: compressed bytes that are damaged.
        MissingDependencyError, OSError: as ``open_content``.
    """
    with open_content(path) as content:
        try:
            return content.read(HEAD_BYTES)
        except READ_ERRORS as error:
            raise InputError(f"{path} is damaged: it cannot be decompressed ({error})") from None


def encoding_of(head: bytes, name: str, requested: str | None = None) -> str:
    """The encoding of a file that begins with ``head``.

    Args:
        head: The first bytes, ``HEAD_BYTES`` of them where there are so many.
        name: What errors call the file.
        requested: What the caller says; a byte order mark of another encoding goes before it.

    Raises:
        InputError: it is no text; the message says what it is.
        OptionError: Python knows no such encoding.
    """
    marked = next((encoding for mark, encoding in MARKS if head.startswith(mark)), None)
    if marked is not None:
        return marked
    _refuse_signatures(head, name)
    if requested is not None:
        return _known(requested)
    if b"\0" not in head:
        return UTF8
    even, odd = head[::2].count(0), head[1::2].count(0)
    if odd > 0.3 * len(head[1::2]) and even < 0.02 * len(head[::2]):
        return "utf-16-le"
    if even > 0.3 * len(head[::2]) and odd < 0.02 * len(head[1::2]):
        return "utf-16-be"
    raise InputError(
        f"{name} is not text: byte {head.index(0)} is NUL; if it is text in an encoding of two or four bytes per "
        "character, name it with --encoding"
    )


def decoded_lines(stream: Iterable[bytes], encoding: str, name: str) -> Iterator[str]:
    r"""The lines of a stream with their ends, which are ``\n``, ``\r\n`` or ``\r``; no line is read ahead.

    Raises:
        InputError: bytes that are not of the encoding, with their line and what they may be; damaged compression.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    pending, number = "", 1
    chunks = iter(stream)
    while True:
        try:
            chunk = next(chunks, b"")
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            raise InputError(_undecodable(error, encoding, name, number)) from None
        except READ_ERRORS as error:
            raise InputError(f"{name} is damaged: it cannot be read beyond line {number} ({error})") from None
        if "\0" in text:
            at = number + text[: text.index("\0")].count("\n")
            raise InputError(f"{name}: line {at} holds a NUL, which no text does; is it a binary file?")
        if not pending and text.endswith("\n") and "\r" not in text and text.count("\n") == 1:
            number += 1
            yield text
            continue
        pending += text
        end = 0
        for match in _LINE.finditer(pending):
            if chunk and match.end() == len(pending) and match.group().endswith("\r"):
                break  # its \n may come with the next chunk
            end = match.end()
            number += 1
            yield match.group()
        pending = pending[end:]
        if not chunk:
            break
    if pending:
        yield pending


def _refuse_signatures(head: bytes, name: str) -> None:
    if head.startswith(b"PK\x03\x04"):
        kind = (
            "an Excel workbook (.xlsx); save the sheet as CSV UTF-8"
            if b"xl/" in head or b"[Content_T" in head
            else ("a zip archive; unpack it first")
        )
        raise InputError(f"{name} is {kind}")
    if head.startswith(GZIP):
        raise InputError(f"{name} is compressed with gzip; decompress it first (gunzip), or name the file itself")
    for signature, kind in SIGNATURES:
        if head.startswith(signature):
            raise InputError(f"{name} is {kind}")


def _known(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        raise OptionError(
            f"encoding is {encoding!r:.80}, which Python does not know; expected for instance utf-8, cp1252 or utf-16"
        ) from None
    return UTF8 if name == "utf-8" else name


def _undecodable(error: UnicodeDecodeError, encoding: str, name: str, line: int) -> str:
    expected = "UTF-8" if encoding == UTF8 else encoding
    wrong = f"{name}: line {line} is not {expected} (byte 0x{error.object[error.start]:02x})"
    if encoding != UTF8:
        return f"{wrong}; name the right one with --encoding"
    try:
        shown = error.object[error.start : error.start + 24].decode("cp1252").split("\n")[0]
    except UnicodeDecodeError:
        return f"{wrong}; name its encoding with --encoding"
    return f"{wrong}; as Windows-1252 it would read {shown!r}: if that is right, add --encoding cp1252"
