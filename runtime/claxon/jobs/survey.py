"""One reading of every input: how many rows it has, where shards begin in it, and which columns.

Whatever is wrong with an input comes to light here, before any work is done: damage, another schema, no such column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from claxon.errors import InputError, JobInputError, OptionError
from claxon.formats.arrow import arrow
from claxon.formats.column_types import ColumnKinds, Kind, arrow_fields, string_fields
from claxon.formats.content import encoding_of, head_of, json_format
from claxon.formats.csv_records import Quoting, settled_quoting
from claxon.formats.csv_table import separator_of
from claxon.formats.lines import InputFormat, LinePosition, Lines, compression_of
from claxon.formats.tables import Format
from claxon.formats.text_rows import TextRow, csv_rows, read_header
from claxon.jobs.inputs import Source, file_sha256, stamp
from claxon.jobs.parquet_source import is_text_type, open_parquet
from claxon.jobs.plan import InputFile
from claxon.jobs.sources import as_job_errors, file_dialect, row_text_problem, text_rows

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
    *,
    encoding: str | None = None,
    quoting: Quoting = Quoting.AUTO,
) -> Survey:
    """Read all files once; ``on_file`` is told of each.

    ``encoding`` and ``quoting`` are those of ``JobOptions``.

    Raises:
        JobInputError: files cannot be read, or have other columns than the first; the message names them.
        OptionError: there is no such column, or it holds no strings.
    """
    surveyed: list[Surveyed] = []
    problems: list[str] = []
    for source in sources:
        try:
            with as_job_errors():
                surveyed.append(_survey_file(source, _Request(file_format, text, shard_rows, encoding, quoting)))
            _check_same(surveyed[0], surveyed[-1])
        except (JobInputError, OptionError) as error:
            if isinstance(error, OptionError) and not surveyed:
                raise
            problems.append(str(error))
        on_file(source)
    if problems:
        raise JobInputError(_listed(problems, len(sources)))
    schema = _merged(surveyed, text) if file_format is InputFormat.JSONL else surveyed[0].schema
    whole = _with_partitions(schema, surveyed)
    return Survey(tuple(_of_folders(one, schema) for one in surveyed), whole)


@dataclass(frozen=True, slots=True)
class _Request:
    """How every file is to be read."""

    format: InputFormat
    text: str
    shard_rows: int
    encoding: str | None
    quoting: Quoting


def _with_partitions(schema: Any, surveyed: Sequence[Surveyed]) -> Any:
    """The schema and a column of strings for each partition whose name no column has.

    Raises:
        JobInputError: files are partitioned by different names.
    """
    names = tuple(surveyed[0].file.partitions)
    for one in surveyed:
        if tuple(one.file.partitions) != names:
            raise JobInputError(
                f"{one.file.path} lies in folders of {_said(one.file.partitions)}, {surveyed[0].file.path} in folders "
                f"of {_said(names)}; expected the same names=values for all files"
            )
    return arrow().schema([*schema, *string_fields([name for name in names if name not in schema.names])])


def _of_folders(one: Surveyed, schema: Any) -> Surveyed:
    """The file with those partitions only that are no columns of its own."""
    left = {name: value for name, value in one.file.partitions.items() if name not in schema.names}
    return replace(one, file=replace(one.file, partitions=left))


def _said(names: Iterable[str]) -> str:
    return "=…/".join([*names, ""])[:-1] or "no names=values"


def _listed(problems: list[str], n_files: int) -> str:
    if n_files == 1:
        return problems[0]
    more = f"; and {len(problems) - MAX_NAMED} more" if len(problems) > MAX_NAMED else ""
    return f"{len(problems)} of {n_files} inputs cannot be used: {'; '.join(problems[:MAX_NAMED])}{more}"


def _survey_file(source: Source, request: _Request) -> Surveyed:
    before = stamp(source.path)
    sha256 = file_sha256(source.path)
    seen = InputFile(
        str(source.path),
        source.compression,
        before.size_bytes,
        before.mtime_ns,
        sha256,
        0,
        partitions=source.partitions,
    )

    def file(rows: int, told: InputFile = seen) -> InputFile:
        if stamp(source.path) != before:
            raise JobInputError(f"{source.path} was changed while it was read; begin again when it is complete")
        return replace(told, rows=rows)

    if request.format is InputFormat.PARQUET:
        return _survey_parquet(source, request.text, request.shard_rows, file)
    read = _text_file(seen, request)
    whole = partial(file, told=read)
    with Lines(source.path, read.compression, encoding=read.encoding) as lines:
        if request.format is InputFormat.JSONL:
            return _survey_json(text_rows(lines, None, read), request.text, request.shard_rows, whole, read.is_objects)
        header = read_header(lines, file_dialect(read, request.format), str(source.path))
        _check_text(header.columns, request.text, source.path)
        starts = _Starts(csv_rows(lines, header), request.shard_rows)
        for _ in starts:
            pass
        return Surveyed(whole(starts.rows), tuple(starts.starts), arrow().schema(string_fields(header.columns)))


def _text_file(file: InputFile, request: _Request) -> InputFile:
    """How a text file is compressed, in which encoding it is, and how its quotes are read.

    Raises:
        InputError: it is something else, or there are two ways of reading its quotes that give different rows.
    """
    path = Path(file.path)
    compression = compression_of(path)
    head = head_of(path)
    encoding = encoding_of(head, file.path, request.encoding)
    found = json_format(head.decode(encoding, errors="replace"))
    read = replace(file, compression=compression, encoding=encoding)
    if request.format is InputFormat.JSONL:
        return replace(read, is_objects=found is Format.JSON)
    if found is not None:
        raise InputError(f"{file.path} holds JSON and no {request.format}; add --format jsonl (input_format=)")

    def lines() -> Iterator[str]:
        with Lines(path, compression, encoding=encoding) as content:
            yield from (line.decode(errors="replace") for line in content)

    if request.quoting is not Quoting.AUTO:
        return replace(read, quoting=request.quoting)
    dialect = file_dialect(read, request.format)
    is_below = separator_of(next(lines(), "")) is not None
    settled = settled_quoting(lambda: islice(lines(), int(is_below), None), dialect.delimiter, file.path)
    return replace(read, quoting=settled)


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


def _survey_json(
    rows: Iterator[TextRow], text: str, shard_rows: int, file: Callable[[int], InputFile], is_objects: bool
) -> Surveyed:
    columns = ColumnKinds()
    starts = _Starts(rows, shard_rows)
    for row in starts:
        if row_text_problem(row, text) is None:  # what is wrong with a bad row is not the column's type
            columns.add(row.values)
    found = tuple(Start(start.row) for start in starts.starts) if is_objects else tuple(starts.starts)
    return Surveyed(file(starts.rows), found, kinds=columns.kinds)


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
