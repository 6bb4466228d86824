"""One reading of every input: how many rows it has, where shards begin in it, and which columns.

Whatever is wrong with an input comes to light here, before any work is done: damage, another schema, no such column.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claxon.errors import InputError, JobInputError, OptionError
from claxon.formats.arrow import arrow
from claxon.formats.column_types import ColumnKinds, Kind, arrow_fields, string_fields
from claxon.formats.content import UTF8, encoding_of, head_of, open_content
from claxon.formats.csv_records import Quoting, delimiter_of, settled_quoting
from claxon.formats.lines import InputFormat, LinePosition, Lines
from claxon.formats.text_rows import TextRow, csv_rows, json_rows, read_header
from claxon.jobs.inputs import Source, file_sha256, stamp
from claxon.jobs.parquet_source import is_text_type, open_parquet
from claxon.jobs.plan import InputFile
from claxon.jobs.sources import text_problem

# So many inputs that cannot be read are named; of ten thousand the first will do.
MAX_NAMED = 5


@dataclass(frozen=True, slots=True)
class Surveyed:
    """One file.

    Attributes:
        starts: The first row of each shard; of text files with its place.
        schema: The Arrow schema; ``None`` of JSON lines, whose ``kinds`` are merged over all files.
        kinds: The kinds of the columns of JSON lines.
    """

    file: InputFile
    starts: tuple[Start, ...]
    schema: Any = None
    kinds: Mapping[str, Kind] | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """Where a shard begins."""

    row: int
    place: LinePosition | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """All files and the Arrow schema that they share."""

    files: tuple[Surveyed, ...]
    schema: Any


def survey(
    sources: Sequence[Source],
    file_format: InputFormat,
    text: str,
    shard_rows: int,
    on_file: Callable[[Source], object],
) -> Survey:
    """Read all files once; ``on_file`` is told of each.

    Raises:
        JobInputError: files cannot be read, or have other columns than the first; the message names them.
        OptionError: there is no such column, or it holds no strings.
    """
    surveyed: list[Surveyed] = []
    problems: list[str] = []
    for source in sources:
        try:
            surveyed.append(_survey_file(source, file_format, text, shard_rows))
            _check_same(surveyed[0], surveyed[-1])
        except (JobInputError, OptionError) as error:
            if isinstance(error, OptionError) and not surveyed:
                raise
            problems.append(str(error))
        on_file(source)
    if problems:
        raise JobInputError(_listed(problems, len(sources)))
    schema = _merged(surveyed, text) if file_format is InputFormat.JSONL else surveyed[0].schema
    return Survey(tuple(surveyed), schema)


def _listed(problems: list[str], n_files: int) -> str:
    if n_files == 1:
        return problems[0]
    more = f"; and {len(problems) - MAX_NAMED} more" if len(problems) > MAX_NAMED else ""
    return f"{len(problems)} of {n_files} inputs cannot be used: {'; '.join(problems[:MAX_NAMED])}{more}"


def _survey_file(source: Source, file_format: InputFormat, text: str, shard_rows: int) -> Surveyed:
    before = stamp(source.path)
    sha256 = file_sha256(source.path)

    quoting = Quoting.STANDARD if file_format is InputFormat.PARQUET else _quoting(source.path, file_format)

    def file(rows: int) -> InputFile:
        if stamp(source.path) != before:
            raise JobInputError(f"{source.path} was changed while it was read; begin again when it is complete")
        seen = (before.size_bytes, before.mtime_ns, sha256)
        return InputFile(str(source.path), source.compression, *seen, rows, quoting)

    if file_format is InputFormat.PARQUET:
        return _survey_parquet(source, text, shard_rows, file)
    with Lines(source.path, source.compression) as lines:
        if file_format is InputFormat.JSONL:
            return _survey_json(lines, text, shard_rows, file)
        header = read_header(lines, file_format, str(source.path), quoting)
        _check_text(header.columns, text, source.path)
        starts = _Starts(csv_rows(lines, header), shard_rows)
        for _ in starts:
            pass
        return Surveyed(file(starts.rows), tuple(starts.starts), arrow().schema(string_fields(header.columns)))


def _quoting(path: Path, file_format: InputFormat) -> Quoting:
    """How the quotes of a text file are read; by the way, whether it is a text file.

    Raises:
        JobInputError: it is something else, or there are two ways of reading its quotes that give different rows.
    """
    try:
        head = head_of(path)
        encoding = encoding_of(head, str(path))
    except InputError as error:
        raise JobInputError(str(error)) from None
    if encoding != UTF8:
        raise JobInputError(f"{path} is {encoding}; jobs read UTF-8: convert it, for instance with iconv -t UTF-8")
    if file_format is InputFormat.JSONL and head.lstrip()[:1] == b"[":
        raise JobInputError(f"{path} is a JSON array; write one object a line, for instance with jq -c '.[]'")
    if file_format is InputFormat.JSONL:
        return Quoting.STANDARD

    def lines() -> Iterator[str]:
        with io.TextIOWrapper(open_content(path), "utf-8-sig", errors="replace", newline="") as text:
            yield from text

    delimiter = "\t" if file_format is InputFormat.TSV else delimiter_of(next(lines(), ""))
    try:
        return settled_quoting(lines, delimiter, str(path))
    except InputError as error:
        raise JobInputError(str(error)) from None


def _survey_parquet(source: Source, text: str, shard_rows: int, file: Callable[[int], InputFile]) -> Surveyed:
    opened = open_parquet(source.path)
    # Notes of who wrote the file, which would be wrong of the parts.
    schema = arrow().schema([field.remove_metadata() for field in opened.schema_arrow])
    rows = opened.metadata.num_rows
    opened.close()
    _check_text(schema.names, text, source.path)
    repeated = next((name for name in schema.names if schema.names.count(name) > 1), None)
    if repeated is not None:
        raise JobInputError(f"{source.path} has the column {repeated!r} twice")
    if not is_text_type(schema.field(text).type):
        raise OptionError(f"{source.path}: column {text!r} is {schema.field(text).type}, expected strings")
    return Surveyed(file(rows), tuple(Start(row) for row in range(0, rows, shard_rows)), schema)


def _survey_json(lines: Lines, text: str, shard_rows: int, file: Callable[[int], InputFile]) -> Surveyed:
    columns = ColumnKinds()
    starts = _Starts(json_rows(lines), shard_rows)
    for row in starts:
        if text_problem(row, text) is None:  # what is wrong with a bad row is not the column's type
            columns.add(row.values)
    return Surveyed(file(starts.rows), tuple(starts.starts), kinds=columns.kinds)


class _Starts:
    """Rows that pass by, and where every ``shard_rows``-th of them begins."""

    def __init__(self, rows: Iterator[TextRow], shard_rows: int) -> None:
        self._rows = rows
        self._shard_rows = shard_rows
        self.rows = 0
        self.starts: list[Start] = []

    def __iter__(self) -> Iterator[TextRow]:
        for row in self._rows:
            if self.rows % self._shard_rows == 0:
                self.starts.append(Start(self.rows, row.place))
            self.rows += 1
            yield row


def _check_text(columns: Sequence[str], text: str, path: Path) -> None:
    if text not in columns:
        raise OptionError(f"{path} has no column {text!r}, but {', '.join(columns)}; choose one with --text")


def _check_same(first: Surveyed, other: Surveyed) -> None:
    """Raise unless two files have the same columns of the same types, in whatever order."""
    if first.schema is None or other.schema is first.schema:
        return
    ours = {field.name: str(field.type) for field in first.schema}
    theirs = {field.name: str(field.type) for field in other.schema}
    if ours == theirs:
        return
    name = next(name for name in [*ours, *theirs] if ours.get(name) != theirs.get(name))
    raise JobInputError(
        f"{other.file.path} has another schema than {first.file.path}: column {name!r} is "
        f"{theirs.get(name, 'missing')} there and {ours.get(name, 'missing')} here"
    )


def _merged(surveyed: Sequence[Surveyed], text: str) -> Any:
    columns = ColumnKinds()
    for one in surveyed:
        columns.merge(one.kinds or {})
    if text not in columns.kinds:
        if any(one.file.rows for one in surveyed):
            raise OptionError(f"no row has the key {text!r}; choose one with --text")
        columns.merge({text: Kind.STRING})
    return arrow().schema(arrow_fields(columns.kinds))
