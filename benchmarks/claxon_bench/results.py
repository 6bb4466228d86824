"""What was measured, every raw sample of it: frozen dataclasses, and ``results.json`` to and from them.

Seconds and bytes throughout. Medians, percentiles and ratios are the report's business.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from claxon.formats.writers import open_output
from claxon.storage.strict_json import StrictJSONError, decode, encode, parse
from claxon_bench.errors import BenchmarkError

SCHEMA = 1
RESULTS_NAME = "results.json"


class Kind(StrEnum):
    """What a bundle is measured as: its embedding, or its pretrained head."""

    ENCODER = "encoder"
    CLASSIFIER = "classifier"


@dataclass(frozen=True, slots=True)
class Machine:
    """What it ran on; ``features`` are the instruction sets that matter, ``quota`` the control group's processors."""

    system: str
    processor: str
    features: tuple[str, ...]
    processors: int
    quota: int | None
    memory: str
    python: str


@dataclass(frozen=True, slots=True)
class Subject:
    """The bundle; ``digest`` is the SHA-256 of its manifest, ``checkpoint`` the first of that of the peers' weights."""

    name: str
    digest: str
    kind: Kind
    head: str | None
    architecture: str
    parameters: int
    max_tokens: int
    checkpoint: str | None


@dataclass(frozen=True, slots=True)
class Settings:
    """How it was measured."""

    threads: int
    rounds: int
    batch_size: int
    seed: int
    quick: bool


@dataclass(frozen=True, slots=True)
class WorkloadFacts:
    """What ran: ``tokens`` after the cut, special tokens included, without padding; the hash is that of all texts."""

    name: str
    texts: int
    tokens: int
    max_tokens: int
    longest: int
    source: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Run:
    """One engine on one workload, in a process of its own: seconds of each round, and the process's memory."""

    seconds: tuple[float, ...]
    peak_rss_bytes: int
    rss_bytes: int | None


@dataclass(frozen=True, slots=True)
class ColdStart:
    """One fresh process: ``wall_s`` from its start to its first result, and what went into it."""

    wall_s: float
    import_s: float
    load_s: float
    first_s: float


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Against the reference engine, over the texts of all workloads.

    Cosines are those of embeddings, ``None`` for a classifier; the largest difference is that of any value.
    """

    reference: str
    texts: int
    mean_cosine: float | None
    min_cosine: float | None
    max_abs_difference: float
    label_agreement: float


@dataclass(frozen=True, slots=True)
class EngineResult:
    """One engine: ``problem`` says why figures are missing. ``idle_share`` is processor time taken while not asked."""

    name: str
    label: str
    environment: str
    runs: str | None
    versions: dict[str, str]
    install_size_bytes: int | None
    throughput: dict[str, Run]
    latency_s: tuple[float, ...]
    cold_starts: tuple[ColdStart, ...]
    accuracy: Accuracy | None
    idle_share: float | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """A device, a precision and a batch size on one workload; without seconds where ``problem`` says why."""

    device: str
    precision: str
    batch_size: int
    workload: str
    texts: int
    seconds: tuple[float, ...]
    problem: str | None


@dataclass(frozen=True, slots=True)
class Results:
    """The whole of ``results.json``."""

    schema: int
    started: str
    claxon: str
    machine: Machine
    subject: Subject
    settings: Settings
    workloads: tuple[WorkloadFacts, ...]
    engines: tuple[EngineResult, ...]
    sweep: tuple[SweepPoint, ...]


def write_results(results: Results, folder: Path) -> Path:
    """Write ``results.json`` into ``folder``, whole or not at all.

    Raises:
        OSError: the file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / RESULTS_NAME
    with open_output(str(path)) as stream:
        stream.write((json.dumps(encode(results), indent=1, ensure_ascii=False) + "\n").encode())
    return path


def read_results(path: Path) -> Results:
    """The results that a file holds.

    Raises:
        BenchmarkError: it holds something else; the message names the place.
        OSError: it cannot be read.
    """
    try:
        raw = parse(path.read_bytes())
        if not isinstance(raw, dict) or raw.get("schema") != SCHEMA:
            raise BenchmarkError(f"{path} is not of schema {SCHEMA}, which this version reads; measure again")
        results: Results = decode(Results, raw)
    except StrictJSONError as error:
        raise BenchmarkError(f"{path} does not hold a benchmark's results: {error}") from None
    return results
