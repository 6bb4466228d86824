"""A window of rows between reading, labelling and writing: texts, the columns to keep, and the rows that are bad."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from claxon.errors import InputError, JobInputError, OptionError
from claxon.formats.arrow import arrow
from claxon.formats.column_types import columns_of
from claxon.formats.content import UTF8
from claxon.formats.csv_table import Dialect, dialect_of
from claxon.formats.lines import Compression, InputFormat, LinePosition, Lines
from claxon.formats.row_parsing import text_problem
from claxon.formats.text_rows import Header, TextRow, csv_rows, json_object_rows, json_rows, read_header
from claxon.jobs.plan import InputFile, Plan, Shard
from claxon.text.inputs import FailedRow

# Rows that are held at a time, as many as the lazy calls of an encoder hold, and characters of their texts.
WINDOW_ROWS = 2048
WINDOW_CHARACTERS = 8 << 20


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that cannot be labelled: its place in the file from 0, its line from 1 in a text file, and why."""

    row: int
    line: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Window:
    """Some rows in order.

    Attributes:
        rows: Where each row of ``texts`` stands in its file.
        lines: On which line each begins; ``None`` of a file without lines.
        texts: Their texts.
        kept: Their columns, an Arrow record batch with a row for each text.
        rejects: The rows between them that have no text.
    """

    rows: list[int]
    lines: list[int] | None
    texts: list[str]
    kept: Any
    rejects: tuple[Reject, ...] = ()

    def without(self, failed: Sequence[FailedRow]) -> Window:
        """The window with rows that failed, by their place in ``texts``, among the rejects."""
        if not failed:
            return self
        reasons = {failure.row: failure.message for failure in failed}
        rejects = [Reject(self.rows[place], self._line(place), reason) for place, reason in reasons.items()]
        left = [place for place in range(len(self.texts)) if place not in reasons]
        return Window(
            [self.rows[place] for place in left],
            None if self.lines is None else [self.lines[place] for place in left],
            [self.texts[place] for place in left],
            self.kept.take(arrow().array(left, arrow().int64())),
            tuple(sorted((*self.rejects, *rejects), key=lambda reject: reject.row)),
        )

    def _line(self, place: int) -> int | None:
        return None if self.lines is None else self.lines[place]


def output_schema(plan: Plan) -> Any:
    """The Arrow schema of the parts."""
    return arrow().ipc.read_schema(arrow().py_buffer(plan.arrow_schema_bytes))


def kept_schema(plan: Plan) -> Any:
    """The Arrow schema of the columns that are kept, which come first in the parts."""
    n_kept = len(plan.input_columns if plan.options.keep is None else plan.options.keep)
    return arrow().schema([output_schema(plan).field(place) for place in range(n_kept)])


def schema_text(schema: Any) -> str:
    """An Arrow schema as Arrow writes it, in base64."""
    return base64.b64encode(schema.serialize().to_pybytes()).decode()


def types_of(schema: Any) -> dict[str, str]:
    """The columns and their types, for people."""
    return {field.name: str(field.type) for field in schema}


def parts_schema(columns: Any, keep: Sequence[str] | None, added: Sequence[Any]) -> Any:
    """The schema of the parts.

    Args:
        columns: The input's Arrow schema.
        keep: The columns to keep, ``None`` for all.
        added: The Arrow fields of the added columns.

    Raises:
        OptionError: a column to keep is not there, or an added one is there already.
    """
    names = columns.names if keep is None else keep
    missing = next((name for name in names if name not in columns.names), None)
    if missing is not None:
        raise OptionError(f"the input has no column {missing!r}, but {', '.join(columns.names)}")
    taken = next((field.name for field in added if field.name in names), None)
    if taken is not None:
        raise OptionError(
            f"the input has a column {taken!r} already; add --prefix claxon_ (prefix=), "
            "or keep other columns with --keep (keep=)"
        )
    return arrow().schema([*(columns.field(name) for name in names), *added])


class RowSource(Protocol):
    """A file that is open; shards that follow each other are read without going back."""

    def windows(self, shard: Shard) -> Iterator[Window]:
        """The shard's rows.

        Raises:
            JobInputError: the file is damaged, or ends before the shard does.
        """

    def close(self) -> None:
        """Close the file."""


class PartitionedSource:
    """A file with the columns that its folders' names give, behind its own."""

    def __init__(self, source: RowSource, partitions: Mapping[str, str | None], kept: Any) -> None:
        """Add ``partitions``; ``kept`` is the Arrow schema of the columns to keep, some of those among them."""
        self._source, self._partitions, self._kept = source, partitions, kept

    def windows(self, shard: Shard) -> Iterator[Window]:
        """The shard's rows."""
        for window in self._source.windows(shard):
            yield replace(window, kept=self._extended(window.kept, len(window.texts)))

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def _extended(self, kept: Any, n_rows: int) -> Any:
        own = dict(zip(kept.schema.names, kept.columns, strict=True))
        columns = [
            own[field.name] if field.name in own else arrow().array([self._partitions[field.name]] * n_rows, field.type)
            for field in self._kept
        ]
        return arrow().RecordBatch.from_arrays(columns, schema=self._kept)


@contextmanager
def as_job_errors() -> Iterator[None]:
    """What readers of files say of a file, as a job's error.

    Raises:
        JobInputError: for any ``InputError`` of the block.
    """
    try:
        yield
    except InputError as error:
        raise JobInputError(str(error)) from None


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
        self._file = file
        self._format = file_format
        self._text = text
        self._kept = kept
        self._header: Header | None = None
        with as_job_errors():
            self._open(None)

    def windows(self, shard: Shard) -> Iterator[Window]:
        """The shard's rows.

        Raises:
            JobInputError: the file cannot be read on, or ends before the shard does.
        """
        with as_job_errors():
            self._go_to(shard)
        left = shard.rows
        while left:
            first = self._next_row
            with as_job_errors():
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
        can_seek = (
            shard.offset is not None and self._file.compression is Compression.NONE and self._file.encoding == UTF8
        )
        if can_seek or shard.first_row < self._next_row:
            self._lines.close()
            self._open(shard if can_seek else None)
        for _ in islice(self._rows, shard.first_row - self._next_row):
            self._next_row += 1

    def _open(self, shard: Shard | None) -> None:
        """Open at the shard's first row, or at that of the file."""
        file = self._file
        if shard is None or shard.offset is None or shard.line is None:
            self._lines, self._next_row = Lines(self._path, file.compression, encoding=file.encoding), 0
            if self._format is not InputFormat.JSONL:
                self._header = read_header(self._lines, file_dialect(file, self._format), str(self._path))
        else:
            self._lines = Lines(self._path, file.compression, LinePosition(shard.offset, shard.line))
            self._next_row = shard.first_row
        self._rows = text_rows(self._lines, self._header, file)

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
        problems = [row_text_problem(row, self._text) for row in rows]
        good = [place for place, problem in enumerate(problems) if problem is None]
        values = [rows[place].values for place in good]
        return Window(
            rows=[first + place for place in good],
            lines=[rows[place].place.line for place in good],
            texts=[row[self._text] or "" for row in values],
            kept=arrow().RecordBatch.from_arrays(columns_of(values, self._kept), schema=self._kept),
            rejects=tuple(
                Reject(first + place, rows[place].place.line, problem)
                for place, problem in enumerate(problems)
                if problem is not None
            ),
        )


def file_dialect(file: InputFile, file_format: InputFormat) -> Dialect:
    """How the fields of a CSV or TSV file are told apart.

    Raises:
        InputError: the file cannot be read.
    """
    with Lines(Path(file.path), file.compression, encoding=file.encoding) as lines:
        first = next(lines, b"").decode(errors="replace")
    return dialect_of(first, file.quoting, is_tsv=file_format is InputFormat.TSV)


def text_rows(lines: Lines, header: Header | None, file: InputFile) -> Iterator[TextRow]:
    """The rows of a text file; one without a header is JSON."""
    if header is not None:
        return csv_rows(lines, header)
    return json_object_rows(lines, file.path) if file.is_objects else json_rows(lines)


def row_text_problem(row: TextRow, column: str) -> str | None:
    """Why a row has no text, if it has none; null is a text that is missing."""
    if row.problem is not None:
        return row.problem
    problem = text_problem(row.values, column)
    return None if problem is None else problem.strip(": ")
