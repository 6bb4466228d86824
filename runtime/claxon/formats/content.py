"""What a file is, by its first bytes: text in some encoding, compressed text, or something that is no text at all."""

from __future__ import annotations

import codecs
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

from claxon.errors import InputError, OptionError
from claxon.formats.arrow import arrow
from claxon.formats.tables import Format

HEAD_BYTES = 4096
GZIP, ZSTD, ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
# What else begins like this, what it is, and the cure.
SIGNATURES = (
    (b"PAR1", "a Parquet file, which is read from a file only: name it, and --format parquet if need be"),
    (b"ARROW1", "an Arrow file, which is read from a file only: name it, and --format feather if need be"),
    (b"FEA1", "a Feather file of version 1; write it as Parquet or CSV"),
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
# Tables that are no text, by their first bytes.
BINARY_TABLES = ((b"PAR1", Format.PARQUET), (b"ARROW1", Format.FEATHER))
READ_ERRORS = (EOFError, zlib.error, gzip.BadGzipFile)
_JSON_KEY = re.compile(r'"(?:[^"\\\n]|\\.)*"\s*:|\Z')
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


def binary_format(head: bytes) -> Format | None:
    """The format of a table that is no text: Parquet, Arrow (Feather) or an Excel workbook."""
    if _is_workbook(head):
        return Format.XLSX
    return next((kind for signature, kind in BINARY_TABLES if head.startswith(signature)), None)


def json_format(head: str) -> Format | None:
    """JSON lines, or JSON that is an array or objects over several lines, by how a text begins; else ``None``.

    What begins like JSON and is cut off by the end of ``head`` is taken for it.
    """
    start = head.lstrip()
    if not start.startswith(("[", "{")):
        return None
    first = start.splitlines()[0].strip()
    inside = start[1:].lstrip()
    if start.startswith("["):
        return Format.JSON if inside[:1] in ("{", "]", "") and not (inside[:1] == "" and "\n" not in start) else None
    try:
        return Format.JSONL if isinstance(json.loads(first), dict) else None
    except (ValueError, RecursionError):
        pass
    is_cut_off = _JSON_KEY.match(inside) is not None
    return (Format.JSON if first in ("{", "") or "\n" in start else Format.JSONL) if is_cut_off else None


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
        return known_encoding(requested)
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
    if _is_workbook(head):
        raise InputError(
            f"{name} is an Excel workbook (.xlsx), which is read from a file only: name it, and --format xlsx if need "
            "be; or save the sheet as CSV UTF-8"
        )
    if head.startswith(ZIP):
        raise InputError(f"{name} is a zip archive; unpack it first")
    if head.startswith(GZIP):
        raise InputError(f"{name} is compressed with gzip; decompress it first (gunzip), or name the file itself")
    for signature, kind in SIGNATURES:
        if head.startswith(signature):
            raise InputError(f"{name} is {kind}")


def _is_workbook(head: bytes) -> bool:
    return head.startswith(ZIP) and any(name in head for name in (b"xl/", b"[Content_T", b"docProps/", b"_rels/"))


def known_encoding(encoding: str) -> str:
    """The name of an encoding as it is used here.

    Raises:
        OptionError: Python knows no such encoding of text.
    """
    try:
        name = codecs.lookup(encoding).name
        b"".decode(encoding)  # there are codecs of bytes, such as hex
    except (LookupError, ValueError):
        raise OptionError(
            f"encoding is {encoding!r:.80}, which Python does not know; expected for instance utf-8, cp1252 or utf-16"
        ) from None
    return UTF8 if name == "utf-8" else name


def _undecodable(error: UnicodeDecodeError, encoding: str, name: str, line: int) -> str:
    expected = "UTF-8" if encoding == UTF8 else encoding
    wrong = f"{name}: line {line} is not {expected} (byte 0x{error.object[error.start]:02x})"
    if encoding != UTF8:
        return f"{wrong}; name the right one with --encoding"
    return f"{wrong}; {_likely(error.object, error.start)}"


# Kana tell Japanese from whatever else the bytes could be.
_KANA = re.compile("[\u3041-\u30ff]")


def _likely(content: bytes, start: int) -> str:
    """The encoding that bytes look like, with how they would read."""
    line = content[content.rfind(b"\n", 0, start) + 1 : start + 200].split(b"\n")[0]
    japanese = _decoded(line, "shift_jis") or ""
    n_letters = len(re.findall(r"[^\x00-\x7f]", japanese))
    if n_letters > 1 and 3 * len(_KANA.findall(japanese)) >= n_letters:
        return f"as Shift-JIS it would read {japanese[:24]!r}: if that is right, add --encoding shift_jis"
    western = _decoded(content[start : start + 24].split(b"\n")[0], "cp1252")
    if western is None:
        return "name its encoding with --encoding"
    return f"as Windows-1252 it would read {western!r}: if that is right, add --encoding cp1252"


def _decoded(content: bytes, encoding: str) -> str | None:
    """The text; ``None`` where it is not of the encoding, a character cut off at the end left out."""
    for end in (len(content), len(content) - 1):
        try:
            return content[:end].decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
