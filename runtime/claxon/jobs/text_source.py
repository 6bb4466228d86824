"""CSV and JSON lines -> windows of a shard's rows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from claxon.errors import JobInputError
from claxon.formats.arrow import arrow
from claxon.formats.lines import Compression, Lines, Place
from claxon.jobs.columns import columns_of
from claxon.jobs.plan import InputFile, InputFormat, Shard
from claxon.jobs.text_rows import Header, TextRow, csv_rows, json_rows, read_header
from claxon.jobs.window import WINDOW_CHARACTERS, WINDOW_ROWS, Reject, Window


class TextSource:
    """A text file that is open; shards that follow each other are read without going back."""

    def __init__(self, file: InputFile, file_format: InputFormat, text: str, kept: Any) -> None:
        """Open it, at its first row.

        Args:
            file: The file.
            file_format: CSV, TSV or JSON lines.
            text: The column of the texts.
            kept: The Arrow schema of the columns to keep.

        Raises:
            JobInputError: it cannot be read.
        """
        self._path = Path(file.path)
        self._compression = file.compression
        self._format = file_format
        self._text = text
        self._kept = kept
        self._header: Header | None = None
        self._open(None)

    def windows(self, shard: Shard) -> Iterator[Window]:
        """The shard's rows.

        Raises:
            JobInputError: the file cannot be read on, or ends before the shard does.
        """
        self._go_to(shard)
        left = shard.rows
        while left:
            first = self._next_row
            rows = self._some(min(left, WINDOW_ROWS))
            if not rows:
                raise JobInputError(f"{self._path} ends at row {first}, and was longer when the job was planned")
            left -= len(rows)
            yield self._window(first, rows)

    def close(self) -> None:
        """Close the file."""
        self._lines.close()

    def _go_to(self, shard: Shard) -> None:
        if shard.first_row == self._next_row:
            return
        is_plain = self._compression is Compression.NONE
        if is_plain or shard.first_row < self._next_row:
            self._lines.close()
            self._open(shard if is_plain else None)
        for _ in islice(self._rows, shard.first_row - self._next_row):
            self._next_row += 1

    def _open(self, shard: Shard | None) -> None:
        """Open at the shard's first row, or at that of the file."""
        if shard is None or shard.offset is None or shard.line is None:
            self._lines, self._next_row = Lines(self._path, self._compression), 0
            if self._format is not InputFormat.JSONL:
                self._header = read_header(self._lines, self._format, str(self._path))
        else:
            self._lines = Lines(self._path, self._compression, Place(shard.offset, shard.line))
            self._next_row = shard.first_row
        self._rows = json_rows(self._lines) if self._header is None else csv_rows(self._lines, self._header)

    def _some(self, most: int) -> list[TextRow]:
        """Up to ``most`` rows, fewer where their texts are long."""
        rows: list[TextRow] = []
        n_characters = 0
        for row in islice(self._rows, most):
            rows.append(row)
            self._next_row += 1
            text = row.values.get(self._text)
            n_characters += len(text) if isinstance(text, str) else 0
            if n_characters > WINDOW_CHARACTERS:
                break
        return rows

    def _window(self, first: int, rows: list[TextRow]) -> Window:
        problems = [text_problem(row, self._text) for row in rows]
        good = [place for place, problem in enumerate(problems) if problem is None]
        values = [rows[place].values for place in good]
        return Window(
            rows=[first + place for place in good],
            lines=[rows[place].place.line for place in good],
            texts=[row[self._text] for row in values],
            kept=arrow().RecordBatch.from_arrays(columns_of(values, self._kept), schema=self._kept),
            rejects=tuple(
                Reject(first + place, rows[place].place.line, problem)
                for place, problem in enumerate(problems)
                if problem is not None
            ),
        )


def text_problem(row: TextRow, column: str) -> str | None:
    """Why a row has no text, if it has none."""
    if row.problem is not None:
        return row.problem
    if column not in row.values:
        return f"has no key {column!r}"
    text = row.values[column]
    if not isinstance(text, str):
        return f"{column!r} is {'null' if text is None else type(text).__name__}, expected a string"
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        return f"{column!r} has half of a surrogate pair, which is no character"
    return None
