"""What a file is, by its bytes."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from claxon.errors import InputError, OptionError
from claxon.formats.content import UTF8, decoded_lines, encoding_of
from claxon.formats.rows import open_records

TABLE = "text,n\ncafé was good,1\nawful,2\n"
ROWS = ["café was good", "awful"]


def read(path: Path, **options: str) -> list[str]:
    with open_records(str(path), **options) as records:  # type: ignore[arg-type]  # whatever is given
        return [row.text for row in records]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_table_is_read_in_its_encoding_and_with_its_line_ends(encoding: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(TABLE.replace("\n", ending).encode(encoding))
    assert read(path) == ROWS


def test_other_encodings_are_named_by_the_caller(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(TABLE.encode("cp1252"))
    with pytest.raises(InputError, match=r"line 2 is not UTF-8 \(byte 0xe9\).* 'é was good,1'.*--encoding cp1252"):
        read(path)
    assert read(path, encoding="cp1252") == ROWS
    with pytest.raises(OptionError, match="encoding is 'klingon', which Python does not know"):
        read(path, encoding="klingon")


def test_bytes_that_cannot_be_decoded_are_found_before_the_first_row(tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_bytes(b"good\n" * 100_000 + b"\xff\n")
    with pytest.raises(InputError, match="line 100001 is not UTF-8"), open_records(str(path)):
        pytest.fail("a row could be read")


def test_a_nul_far_from_the_beginning_is_found_before_the_first_row(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(b"text\n" + b"good\n" * 5000 + b"b\0d\n")
    with pytest.raises(InputError, match="line 5002 holds a NUL"), open_records(str(path)):
        pytest.fail("a row could be read")


def test_compressed_files_are_read_whatever_their_name(tmp_path: Path) -> None:
    for name in ("in.csv.gz", "in.csv"):
        (tmp_path / name).write_bytes(gzip.compress(TABLE.encode()))
        assert read(tmp_path / name) == ROWS


def test_a_damaged_archive_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "in.csv.gz"
    path.write_bytes(gzip.compress(TABLE.encode() * 500)[:-20])
    with pytest.raises(InputError, match="damaged"):
        read(path)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PK\x03\x04....xl/workbook", "an Excel workbook"),
        (b"PK\x03\x04....", "a zip archive"),
        (b"PAR1....", "a Parquet file"),
        (b"ARROW1\0\0", "an Arrow file"),
        (b"%PDF-1.7", "a PDF document"),
        (b"\x80\x04\x95", "a Python pickle, which is never opened"),
        (b"text\nwith a \0 inside\n", "is not text: byte 12 is NUL"),
    ],
)
@pytest.mark.parametrize("name", ["in.csv", "in.txt", "in.json"])
def test_what_is_not_text_is_refused_by_what_it_is(content: bytes, kind: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=kind):
        read(path)


@pytest.mark.parametrize(
    ("content", "looks"),
    [("a,b\n1,2\n", "csv"), ('{"text": 1}\n', "jsonl"), ("[{}]", "json"), ("a\tb\n", "tsv"), ("a", "lines")],
)
def test_a_name_that_tells_no_format_is_an_error_that_says_what_it_looks_like(
    content: str, looks: str, tmp_path: Path
) -> None:
    path = tmp_path / "in.data"
    path.write_text(content)
    with pytest.raises(InputError, match=f"looks like {looks}; add --format {looks}"):
        read(path)


def test_a_line_is_not_read_before_it_is_asked_for() -> None:
    lines = decoded_lines(io.BytesIO(b"one\ntwo\n"), UTF8, "in")
    assert next(lines) == "one\n"
    assert encoding_of(b"", "in") == UTF8
