"""What rows of a file are: their format, their columns, and how they are to be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from claxon.formats.csv_records import Quoting

STANDARD_STREAM = "-"
DEFAULT_TEXT_COLUMN = "text"
COMPRESSED_SUFFIXES = (".gz", ".zst")
# Excel writes the delimiter into a first line of its own.
SEPARATOR_LINE = "sep="


class Format(StrEnum):
    """How rows are written down."""

    CSV = "csv"
    TSV = "tsv"
    JSONL = "jsonl"
    JSON = "json"
    LINES = "lines"


class OnEmpty(StrEnum):
    """What to do with a row whose text is empty or blank."""

    SKIP = "skip"
    ERROR = "error"
    LABEL = "label"


SUFFIXES = {
    ".csv": Format.CSV,
    ".tsv": Format.TSV,
    ".tab": Format.TSV,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".json": Format.JSON,
    ".txt": Format.LINES,
    ".text": Format.LINES,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line that it begins at (from 1), its text, and all its columns, the text's among them.

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
        """Whether there is a text and it is empty or blank."""
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
    """

    name: str
    format: Format
    columns: tuple[str, ...]
    text_column: str
    delimiter: str
    rows: Iterator[Row]
    quoting: Quoting = Quoting.STANDARD
    line_end: str = "\n"

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
        quoting: What a double quote at the beginning of a field means.
    """

    file_format: str | None = None
    text_column: str | None = None
    record_errors: bool = False
    encoding: str | None = None
    quoting: Quoting = Quoting.AUTO


def format_of(source: str, requested: str | None = None) -> Format:
    """The format that is requested, else the one that the file's suffix tells, else plain lines."""
    return Format(requested) if requested is not None else SUFFIXES.get(suffix_of(source), Format.LINES)


def suffix_of(source: str) -> str:
    """The suffix that tells the format, in lower case; that of compression is passed over."""
    path = Path(source)
    return (path.with_suffix("") if path.suffix.lower() in COMPRESSED_SUFFIXES else path).suffix.lower()
