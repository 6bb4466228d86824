"""What rows of a file are: their format, their columns, and how they are to be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from claxon.errors import OptionError
from claxon.formats.csv_records import Quoting
from claxon.support.validation import choice

STANDARD_STREAM = "-"
DEFAULT_TEXT_COLUMN = "text"
COMPRESSED_SUFFIXES = (".gz", ".zst")


class Format(StrEnum):
    """How rows are written down."""

    CSV = "csv"
    TSV = "tsv"
    JSONL = "jsonl"
    JSON = "json"
    LINES = "lines"
    PARQUET = "parquet"
    FEATHER = "feather"
    XLSX = "xlsx"


JSON_FORMATS = (Format.JSON, Format.JSONL)
CSV_FORMATS = (Format.CSV, Format.TSV)
BINARY_FORMATS = (Format.PARQUET, Format.FEATHER, Format.XLSX)


class OnBadRow(StrEnum):
    """What to do with a row that is not a whole row of its file."""

    ERROR = "error"
    SKIP = "skip"
    RECORD = "record"


SUFFIXES = {
    ".csv": Format.CSV,
    ".tsv": Format.TSV,
    ".tab": Format.TSV,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".json": Format.JSON,
    ".txt": Format.LINES,
    ".text": Format.LINES,
    ".parquet": Format.PARQUET,
    ".feather": Format.FEATHER,
    ".arrow": Format.FEATHER,
    ".xlsx": Format.XLSX,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line that it begins at (from 1), its text, and all its columns, the text's among them.

    The text of a row that holds null is empty; of a file without lines, ``line`` counts the rows from 1.

    Attributes:
        error: Why the row has no text, which is empty then.
        source: The row's JSON as it was written, where it was JSON.
    """

    line: int
    text: str
    values: dict[str, Any]
    error: str | None = None
    source: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether the row could be read and its text is null, empty or blank."""
        return self.error is None and not self.text.strip()


@dataclass(frozen=True, slots=True)
class Records:
    """Rows of one source, to be iterated over once.

    Attributes:
        name: What errors call the source.
        columns: The columns; those of the first row where rows may differ (JSON).
        text_column: The one that holds the text.
        delimiter: Between fields, where there are fields.
        quoting: How quotes are read, and so written.
        line_end: What ends the first line.
        quote: The character that quotes, where fields are quoted.
        is_settled: Whether ``quoting`` was found by reading the file.
    """

    name: str
    format: Format
    columns: tuple[str, ...]
    text_column: str
    delimiter: str
    rows: Iterator[Row]
    quoting: Quoting = Quoting.STANDARD
    line_end: str = "\n"
    quote: str = '"'
    is_settled: bool = False

    def __iter__(self) -> Iterator[Row]:
        """The rows, each read when it is asked for."""
        return self.rows


@dataclass(frozen=True, slots=True)
class Reading:
    """How a source is to be read.

    Attributes:
        file_format: ``None`` goes by the suffix.
        text_column: Which column holds the texts; ``None`` takes ``text``, or the only one.
        record_errors: A row that cannot be read is a row with an ``error``, not an error.
        encoding: ``None``: by the byte order mark, else UTF-8.
        quoting: What a quote at the beginning of a field means.
        delimiter: Between fields of CSV; ``None``: as the first line says.
        quote: The character that quotes; ``None`` is the double quote.
    """

    file_format: Format | None = None
    text_column: str | None = None
    record_errors: bool = False
    encoding: str | None = None
    quoting: Quoting = Quoting.AUTO
    delimiter: str | None = None
    quote: str | None = None

    @classmethod
    def from_options(
        cls,
        *,
        file_format: str | None = None,
        text_column: str | None = None,
        record_errors: bool = False,
        encoding: str | None = None,
        quoting: str = Quoting.AUTO,
        delimiter: str | None = None,
        quote: str | None = None,
    ) -> Reading:
        """What a caller asks for.

        Raises:
            OptionError: a value cannot be met.
        """
        return cls(
            None if file_format is None else choice("file_format", file_format, Format),
            text_column,
            record_errors,
            encoding,
            choice("quoting", quoting, Quoting),
            one_character("delimiter", delimiter),
            one_character("quote", quote),
        )


def one_character(option: str, value: str | None) -> str | None:
    """A character that can stand between or around fields; ``tab`` and a backslash with ``t`` name the tab.

    Raises:
        OptionError: it is none.
    """
    found = "\t" if value in ("tab", r"\t") else value
    if found is not None and (len(found) != 1 or found in "\r\n\0"):
        raise OptionError(f"{option} is {value!r:.80}, expected one character, or tab")
    return found


def format_of(source: str, requested: str | None = None) -> Format:
    """The format that is requested, else the one that the file's suffix tells, else plain lines."""
    return Format(requested) if requested is not None else SUFFIXES.get(suffix_of(source), Format.LINES)


def suffix_of(source: str) -> str:
    """The suffix that tells the format, in lower case; that of compression is passed over."""
    path = Path(source)
    return (path.with_suffix("") if path.suffix.lower() in COMPRESSED_SUFFIXES else path).suffix.lower()
