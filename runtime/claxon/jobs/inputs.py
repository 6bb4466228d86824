"""Files, globs and folders -> the files of a job, sorted, and how each is written down."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from claxon.errors import JobInputError, OptionError
from claxon.formats.lines import Compression, InputFormat
from claxon.jobs.plan import InputFile

SUFFIXES = {
    ".parquet": InputFormat.PARQUET,
    ".csv": InputFormat.CSV,
    ".tsv": InputFormat.TSV,
    ".tab": InputFormat.TSV,
    ".jsonl": InputFormat.JSONL,
    ".ndjson": InputFormat.JSONL,
    ".json": InputFormat.JSONL,
}
COMPRESSIONS = {".gz": Compression.GZIP, ".zst": Compression.ZSTD}


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read; ``format`` is ``None`` where its suffix does not tell.

    ``partitions`` are the columns that the names of its folders give, as Hive and Spark write them: ``lang=de``.
    """

    path: Path
    format: InputFormat | None
    compression: Compression
    partitions: dict[str, str | None] = field(default_factory=dict)

    @classmethod
    def from_path(cls, path: Path, root: Path | None = None) -> Source:
        """By the suffix, that of a compression left out: ``x.csv.gz`` is CSV; partitions are folders below ``root``."""
        compression = COMPRESSIONS.get(path.suffix.lower(), Compression.NONE)
        plain = path if compression is Compression.NONE else path.with_suffix("")
        below = path.relative_to(root) if root is not None and path.is_relative_to(root) else path
        return cls(path.absolute(), SUFFIXES.get(plain.suffix.lower()), compression, partitions_of(below.parts[:-1]))


NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"


def partitions_of(folders: Sequence[str]) -> dict[str, str | None]:
    """What the last folders' names say that look like ``name=value``; percent signs escape characters."""
    found: dict[str, str | None] = {}
    for folder in reversed(folders):
        name, sign, value = folder.partition("=")
        if not (sign and name):
            break
        found[unquote(name)] = None if value == NULL_PARTITION else unquote(value)
    return dict(reversed(found.items()))


def find_sources(inputs: Iterable[str | os.PathLike[str]], asked: InputFormat | None, out: Path) -> list[Source]:
    """The files that ``inputs`` name, each once, sorted by path; what lies in ``out`` is none of them.

    Of a folder, all below it whose suffix is known are taken, or, with a format asked for, those of that format; names
    that begin with a dot or an underscore are passed over. A glob may have ``**`` in it.

    Raises:
        JobInputError: a path is not there, or a glob or folder has no file that is read.
    """
    own = out.absolute()
    found: dict[Path, Source] = {}
    for name in inputs:
        sources = [source for source in _sources(os.fspath(name), asked) if not source.path.is_relative_to(own)]
        if not sources:
            wanted = ", ".join(SUFFIXES if asked is None else (s for s, kind in SUFFIXES.items() if kind is asked))
            raise JobInputError(f"{os.fspath(name)} has no file to read; expected names that end in {wanted}")
        found |= {source.path: source for source in sources}
    return [found[path] for path in sorted(found, key=str)]


def _sources(name: str, asked: InputFormat | None) -> list[Source]:
    path = Path(name)
    if path.is_dir():
        sources = (Source.from_path(found, path.absolute()) for found in _below(path))
        return [source for source in sources if _is_read(source, asked)]
    if path.is_file():
        return [Source.from_path(path)]
    if not glob.has_magic(name):
        raise JobInputError(f"{name} is not there; expected a file, a folder or a glob")
    found = glob.glob(name, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
    matches = [Path(match) for match in sorted(found)]
    return [Source.from_path(match) for match in matches if match.is_file()]


def _below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.absolute().rglob("*")):
        names = path.relative_to(folder.absolute()).parts
        if path.is_file() and not any(name.startswith((".", "_")) for name in names):
            yield path


def _is_read(source: Source, asked: InputFormat | None) -> bool:
    return source.format is not None if asked is None else source.format is asked


def one_format(sources: Sequence[Source], asked: InputFormat | None) -> InputFormat:
    """The format of all sources: the one asked for, else the one that their suffixes tell.

    Raises:
        OptionError: a suffix does not tell, or two tell different ones.
    """
    if asked is not None:
        return asked
    first = sources[0]
    for source in sources:
        if source.format is None:
            raise OptionError(f"{source.path} does not tell its format; add --format {' or '.join(InputFormat)}")
        if source.format is not first.format:
            raise OptionError(
                f"{first.path} is {first.format} and {source.path} is {source.format}; run a job for each format"
            )
    return first.format or InputFormat.PARQUET


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a file's entry says of it."""

    size_bytes: int
    mtime_ns: int


def stamp(path: Path) -> Stamp:
    """Size and time of change.

    Raises:
        JobInputError: the file is not there.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise JobInputError(f"{path} cannot be read: {error.strerror}") from None
    return Stamp(status.st_size, status.st_mtime_ns)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, lower-case hexadecimal.

    Raises:
        JobInputError: it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise JobInputError(f"{path} cannot be read: {error.strerror}") from None


def check_unchanged(file: InputFile) -> None:
    """Raise unless a file is what it was when the job was planned; its bytes are read only if its time differs.

    Raises:
        JobInputError: it is another.
    """
    path = Path(file.path)
    found = stamp(path)
    if found == Stamp(file.size_bytes, file.mtime_ns):
        return
    if found.size_bytes != file.size_bytes or file_sha256(path) != file.sha256:
        raise JobInputError(
            f"{path} was changed since the job was planned; put the old file back, or begin a new job in another folder"
        )
