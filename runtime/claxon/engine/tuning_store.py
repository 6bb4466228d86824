"""Saved tunings: one JSON file per bundle, with one entry per machine.

An entry holds for one processor with its features, one version of ONNX Runtime and of OpenVINO's plugin, one number of
threads and one bundle. Files that are broken, or of another program, hold no entries.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from claxon.engine.selection import Pair
from claxon.storage.cache_folder import cache_folder, write_whole
from claxon.storage.strict_json import StrictJSONError, decode, encode, parse

SCHEMA = 1
MAX_FILE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Machine:
    """What rates depend on, apart from the bundle.

    ``onnxruntime`` and ``openvino`` are versions: ``None`` where the one is not loaded yet, the other not installed.
    """

    processor: str
    features: tuple[str, ...]
    threads: int
    onnxruntime: str | None
    openvino: str | None


@dataclass(frozen=True, slots=True)
class Rate:
    """The speed of a pair in tokens per second, on short and on medium texts; ``tokens_s`` is the geometric mean."""

    pair: Pair
    short_tokens_s: float
    medium_tokens_s: float

    @property
    def tokens_s(self) -> float:
        """The geometric mean: neither workload outweighs the other by its unit."""
        return math.sqrt(self.short_tokens_s * self.medium_tokens_s)


@dataclass(frozen=True, slots=True)
class Tuning:
    """The rates of all candidates of a bundle on a machine, the fastest first; ``tuned_at`` is UTC, ISO 8601."""

    digest: str
    machine: Machine
    tuned_at: str
    rates: tuple[Rate, ...]

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The candidates, the fastest first."""
        return tuple(rate.pair for rate in self.rates)


def tuning_path(digest: str) -> Path:
    """Return the path of a bundle's tunings."""
    return cache_folder() / "tunings" / f"{digest}.json"


def is_tuned(digest: str) -> bool:
    """Whether there may be a tuning of this bundle; a cheap check."""
    return tuning_path(digest).is_file()


def recall(digest: str, machine: Machine) -> Tuning | None:
    """Return the tuning of this bundle on this machine, if any; for any ONNX Runtime if none is loaded yet."""
    for tuning in _kept(digest):
        version = machine.onnxruntime or tuning.machine.onnxruntime
        if tuning.machine == replace(machine, onnxruntime=version):
            return tuning
    return None


def remember(tuning: Tuning) -> bool:
    """Save a tuning, replacing this machine's last one; return ``False`` if the file cannot be written."""
    others = [other for other in _kept(tuning.digest) if other.machine != tuning.machine]
    return _write(tuning.digest, [*others, tuning])


def forget(digest: str, machine: Machine) -> bool:
    """Delete the tuning of this bundle on this machine; return whether there was one."""
    kept = list(_kept(digest))
    others = [other for other in kept if other.machine != machine]
    return len(others) < len(kept) and _write(digest, others)


def _kept(digest: str) -> Iterator[Tuning]:
    """Yield the readable entries; invalid entries and those of other schemas are skipped."""
    try:
        with tuning_path(digest).open("rb") as stream:
            content = parse(stream.read(MAX_FILE_BYTES))
    except (OSError, StrictJSONError):
        return
    is_ours = isinstance(content, dict) and content.get("schema") == SCHEMA
    entries = content.get("tunings") if is_ours else None
    for entry in entries if isinstance(entries, list) else ():
        try:
            tuning: Tuning = decode(Tuning, entry)
        except StrictJSONError:
            continue
        if tuning.digest == digest and all(min(r.short_tokens_s, r.medium_tokens_s) > 0 for r in tuning.rates):
            yield tuning


def _write(digest: str, tunings: Sequence[Tuning]) -> bool:
    content: dict[str, Any] = {"schema": SCHEMA, "tunings": [encode(tuning) for tuning in tunings]}
    return write_whole(tuning_path(digest), (json.dumps(content, indent=2) + "\n").encode())
