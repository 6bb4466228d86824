"""What a job does, fixed before it begins: frozen dataclasses, and ``job.json`` to and from them."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from claxon.errors import JobDamagedError, JobError
from claxon.formats.content import UTF8
from claxon.formats.csv_records import Quoting
from claxon.formats.lines import Compression, InputFormat
from claxon.storage.job_folder import PLAN_NAME, JobFolder
from claxon.storage.strict_json import LATER, StrictJSONError, decode, encode, parse
from claxon.text.inputs import OnEmpty

SCHEMA = 1


class OutputFormat(StrEnum):
    """How parts are written."""

    PARQUET = "parquet"
    JSONL = "jsonl"


class Embedding(StrEnum):
    """The numbers of an embedding."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"


@dataclass(frozen=True, slots=True)
class JobOptions:
    """What decides what a job writes; another run in the same folder has to have the same.

    Attributes:
        text: The column that holds the texts.
        heads: Those that answer, in the order of their columns; none for embeddings alone.
        embed: The numbers of the embedding; ``None`` for no embedding.
        feature: What is written as embedding; ``None`` for the bundle's own.
        keep: The input's columns that are written; ``None`` for all.
        prefix: Put before the names of added columns.
        threshold: As for ``Classifier.predict``.
        margin: As for ``Classifier.predict``.
        shard_rows: Rows a shard at most.
        encoding: Of text files that have no byte order mark; ``None`` is UTF-8, or UTF-16 by its NULs.
        quoting: How quotes are to be read; what ``auto`` came to stands with each file.
        empty: What to do with a row whose text is null, empty or blank.
        device: As for ``Encoder.load``, like ``precision``, ``max_tokens`` and ``batch_size``.
    """

    text: str
    heads: tuple[str, ...]
    embed: Embedding | None
    feature: str | None
    keep: tuple[str, ...] | None
    input_format: InputFormat
    output_format: OutputFormat
    prefix: str
    threshold: float | None
    margin: float | None
    shard_rows: int
    device: str
    precision: str
    max_tokens: int | None
    batch_size: int | None
    encoding: str | None = field(default=None, metadata=LATER)
    quoting: Quoting = field(default=Quoting.AUTO, metadata=LATER)
    empty: OnEmpty = field(default=OnEmpty.SKIP, metadata=LATER)

    @property
    def digest(self) -> str:
        """SHA-256 of all of them, lower-case hexadecimal; those that came later count where they are not usual."""
        values = encode(self)
        usual = {"encoding": None, "quoting": Quoting.AUTO, "empty": OnEmpty.SKIP}
        told = {name: value for name, value in values.items() if name not in usual or value != usual[name]}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def differences(self, other: JobOptions) -> list[str]:
        """What differs, each as ``name was X, is now Y`` where this is the earlier one."""
        pairs = ((field.name, getattr(self, field.name), getattr(other, field.name)) for field in fields(self))
        return [f"{name} was {_shown(was)}, is now {_shown(now)}" for name, was, now in pairs if was != now]


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file of the input, and what it was when the job was planned; ``rows`` counts bad ones too.

    Attributes:
        quoting: How the quotes of a CSV or TSV file are read.
        encoding: Of a text file.
        is_objects: Whether it is a JSON array, or objects over several lines, instead of JSON lines.
        partitions: The columns that its folders' names give, as in ``lang=de``.
    """

    path: str
    compression: Compression
    size_bytes: int
    mtime_ns: int
    sha256: str
    rows: int
    quoting: Quoting = field(default=Quoting.STANDARD, metadata=LATER)
    encoding: str = field(default=UTF8, metadata=LATER)
    is_objects: bool = field(default=False, metadata=LATER)
    partitions: dict[str, str | None] = field(default_factory=dict, metadata=LATER)


@dataclass(frozen=True, slots=True)
class Shard:
    """A range of a file's rows: what one worker does in one go, and what is lost if it dies.

    Attributes:
        number: From 0, in the order of the input.
        file: The place of its file in ``Plan.files``.
        first_row: From 0, in the file.
        rows: How many, bad ones included.
        offset: In a text file, the byte (after decompression) that the first row begins at.
        line: In a text file, the line that the first row begins at, from 1.
    """

    number: int
    file: int
    first_row: int
    rows: int
    offset: int | None
    line: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole of ``job.json``.

    Attributes:
        schema: The number of this layout.
        claxon: The version that planned.
        bundle: The bundle's folder where the job was planned.
        bundle_digest: Stands for every byte of the bundle.
        precision: What ``auto`` came to where the job was planned; every worker runs it.
        input_columns: The columns of the input and their Arrow types, for people.
        output_columns: Those of the parts, likewise.
        arrow_schema: The parts' Arrow schema as Arrow writes it, in base64.
    """

    schema: int
    claxon: str
    bundle: str
    bundle_digest: str
    precision: str
    options: JobOptions
    input_columns: dict[str, str]
    output_columns: dict[str, str]
    arrow_schema: str
    files: tuple[InputFile, ...]
    shards: tuple[Shard, ...]

    @property
    def rows(self) -> int:
        """Rows of all files, bad ones included."""
        return sum(file.rows for file in self.files)

    @property
    def arrow_schema_bytes(self) -> bytes:
        """The parts' Arrow schema as Arrow writes it."""
        return base64.b64decode(self.arrow_schema)

    def folder(self, out: Path) -> JobFolder:
        """Where this job keeps what below ``out``."""
        return JobFolder(out, f".{self.options.output_format}")

    def to_json(self) -> bytes:
        """UTF-8, one shard and one file a line."""
        whole = encode(self)
        lists = {name: whole.pop(name) for name in ("files", "shards")}
        head = json.dumps(whole, indent=1, ensure_ascii=False).removesuffix("\n}")
        tail = ",\n ".join(f'"{name}": [{_lines(items)}]' for name, items in lists.items())
        return f"{head},\n {tail}\n}}\n".encode()

    @classmethod
    def from_json(cls, content: bytes, where: str) -> Plan:
        """The plan that ``content`` holds; ``where`` is what errors call it.

        Raises:
            JobDamagedError: not a plan that this version wrote.
        """
        try:
            raw = parse(content)
            found = raw.get("schema") if isinstance(raw, dict) else None
            if found != SCHEMA:
                raise StrictJSONError(f"schema {found!r:.80} is not known to this version, which reads schema {SCHEMA}")
            plan: Plan = decode(cls, raw)
        except StrictJSONError as error:
            raise JobDamagedError(f"{where}: {error}") from None
        _check_shards(plan, where)
        return plan

    @classmethod
    def load(cls, out: Path) -> Plan:
        """The plan of the job in ``out``.

        Raises:
            JobError: there is none.
            JobDamagedError: it is not a plan that this version wrote.
        """
        path = out / PLAN_NAME
        try:
            content = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            raise JobError(f"{out} holds no job; `claxon job run … --out {out}` begins one") from None
        return cls.from_json(content, str(path))


def _check_shards(plan: Plan, where: str) -> None:
    """Raise unless the shards cover every row of every file once, in order."""
    file, row = 0, 0
    for number, shard in enumerate(plan.shards):
        while file < len(plan.files) and row == plan.files[file].rows:
            file, row = file + 1, 0
        if (shard.number, shard.file, shard.first_row) != (number, file, row) or shard.rows < 1:
            raise JobDamagedError(f"{where}: shard {number} does not begin where the one before it ends")
        row += shard.rows
    while file < len(plan.files) and row == plan.files[file].rows:
        file, row = file + 1, 0
    if file < len(plan.files):
        raise JobDamagedError(f"{where}: the shards do not cover {plan.files[file].path}")


def _lines(items: list[Any]) -> str:
    return "".join(f"{',' * (place > 0)}\n  {json.dumps(item, ensure_ascii=False)}" for place, item in enumerate(items))


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
