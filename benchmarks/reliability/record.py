"""An outcome with the conditions it came about under, and its file, ``PART.json``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from claxon.bundle.bundle import Bundle
from claxon.formats.writers import open_output
from claxon.storage.strict_json import StrictJSONError, decode, encode, parse
from claxon_bench.errors import BenchmarkError
from claxon_bench.machine import this_machine
from claxon_bench.results import Machine
from reliability.part import Outcome, Settings

PACKAGES = ("claxon", "numpy", "onnxruntime", "tokenizers", "hypothesis", "atheris")


@dataclass(frozen=True, slots=True)
class Record:
    """One part's outcome, and how it was run.

    Attributes:
        about: What the part does.
        digest: The bundle's.
        versions: Of the packages that are installed.
    """

    part: str
    about: str
    seconds: float
    counts: dict[str, int | float]
    failures: tuple[str, ...]
    not_run: str | None
    seed: int
    scale: float
    bundle: str
    digest: str
    machine: Machine
    versions: dict[str, str]


def record_of(outcome: Outcome, about: str, settings: Settings) -> Record:
    """The outcome on this machine.

    Raises:
        BundleError: the settings' bundle is none.
    """
    return Record(
        part=outcome.name,
        about=about,
        seconds=outcome.seconds,
        counts=outcome.counts,
        failures=tuple(outcome.failures),
        not_run=outcome.not_run,
        seed=settings.seed,
        scale=settings.scale,
        bundle=settings.bundle.resolve().name,
        digest=Bundle.open(settings.bundle).digest,
        machine=this_machine(),
        versions=_versions(),
    )


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def write_record(record: Record, folder: Path) -> Path:
    """Write ``PART.json``.

    Raises:
        OSError: it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = _path(folder, record.part)
    with open_output(str(path)) as stream:
        stream.write((json.dumps(encode(record), indent=2, ensure_ascii=False) + "\n").encode(errors="replace"))
    return path


def read_records(folder: Path, parts: Sequence[str]) -> list[Record]:
    """The records of these parts that are in the folder, in this order.

    Raises:
        BenchmarkError: a file is no record.
    """
    return [_read(_path(folder, part)) for part in parts if _path(folder, part).is_file()]


def _path(folder: Path, part: str) -> Path:
    return folder / f"{part}.json"


def _read(path: Path) -> Record:
    try:
        record: Record = decode(Record, parse(path.read_bytes()))
    except StrictJSONError as error:
        raise BenchmarkError(f"{path} is no record of a campaign: {error}; run the part again") from None
    return record
