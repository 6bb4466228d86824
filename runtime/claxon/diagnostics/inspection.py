"""The contents of a bundle, as data: the manifest, and parameters and bytes by part, counted in the weights."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import Manifest
from claxon.bundle.safetensors import read_layout
from claxon.engine.planning import Run, plan_run
from claxon.engine.providers import Device
from claxon.errors import BundleError, DeviceError, MissingDependencyError, OptionError
from claxon.storage.strict_json import encode


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the encoder: its number of parameters, their bytes, and its own parts."""

    name: str
    parameters: int
    size_bytes: int
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Inspection:
    """Everything that is known about a bundle without running it.

    Attributes:
        size_bytes: Of all files, the manifest apart.
        parts: Of the weights that would run; empty where they stand in the graph itself.
        runs: What ``claxon.load`` would run here by default, in words.
        reason: Why that, in words; empty where nothing runs.
        tuned_at: When this machine was tuned for the bundle, UTC, ISO 8601; ``None`` where a rule decides.
    """

    path: str
    digest: str
    size_bytes: int
    runs: str
    reason: str
    tuned_at: str | None
    parts: tuple[Part, ...]
    manifest: Manifest

    def to_json(self) -> dict[str, Any]:
        """Convert to JSON objects and arrays, including the manifest's keys."""
        encoded: dict[str, Any] = encode(self)
        manifest = encoded.pop("manifest")
        return {**encoded, **manifest}


def inspect_bundle(bundle: Bundle) -> Inspection:
    """Inspect a bundle: weights are read and their hash is checked, but no engine is started.

    Raises:
        BundleError: the weights are not those of the manifest, or cannot be read.
    """
    manifest = bundle.manifest
    run, problem = None, ""
    try:
        run = plan_run(bundle)
    except (DeviceError, MissingDependencyError, OptionError) as error:
        problem = str(error)
    weights = (manifest.encoder.variants[0] if run is None else run.plan.variant).weights
    entries = {} if weights is None else read_layout(bundle.read(weights)).entries
    return Inspection(
        path=str(bundle.path),
        digest=bundle.digest,
        size_bytes=sum(entry.size_bytes for entry in manifest.files.values()),
        runs=f"nothing: {problem}" if run is None else _in_words(run),
        reason="" if run is None else run.plan.reason,
        tuned_at=None if run is None or run.tuning is None else run.tuning.tuned_at,
        parts=parts_of(entries),
        manifest=manifest,
    )


def parts_of(entries: Mapping[str, Any]) -> tuple[Part, ...]:
    """Group tensors by the words of their names: ``embeddings``, ``layer.0``, and the words after those.

    Args:
        entries: The header of a safetensors file: name to ``shape`` and ``data_offsets``.

    Raises:
        BundleError: an entry has neither.
    """
    tensors = [Part(name, *_size(name, entry)) for name, entry in entries.items()]
    return tuple(_part(name, group) for name, group in _grouped(tensors, depth=0))


def _part(name: str, tensors: list[Part]) -> Part:
    children = _grouped(tensors, depth=len(name.split(".")))
    parts = tuple(Part(child, *_sum(group)) for child, group in children) if len(children) > 1 else ()
    return Part(name, *_sum(tensors), parts)


def _grouped(tensors: Iterable[Part], *, depth: int) -> list[tuple[str, list[Part]]]:
    """Tensors by the word at ``depth`` of their names, with the number that follows it; numbers in their order."""

    def key(tensor: Part) -> str:
        words = tensor.name.split(".")[depth:] or [tensor.name]
        return ".".join(words[: 2 if len(words) > 1 and words[1].isdecimal() else 1])

    def order(tensor: Part) -> list[tuple[bool, int, str]]:
        return [(word.isdecimal(), int(word) if word.isdecimal() else 0, word) for word in key(tensor).split(".")]

    return [(name, list(group)) for name, group in groupby(sorted(tensors, key=order), key)]


def _sum(tensors: Iterable[Part]) -> tuple[int, int]:
    sizes = [(tensor.parameters, tensor.size_bytes) for tensor in tensors]
    return sum(parameters for parameters, _ in sizes), sum(size for _, size in sizes)


def _size(name: str, entry: Any) -> tuple[int, int]:
    try:
        begin, end = (int(offset) for offset in entry["data_offsets"])
        return math.prod(int(size) for size in entry["shape"]), end - begin
    except (KeyError, TypeError, ValueError):
        raise BundleError(f"the safetensors entry {name!r} is not supported by this version") from None


def _in_words(run: Run) -> str:
    places = {Device.CPU: "the CPU", Device.CUDA: "CUDA if it starts, else the CPU", Device.OPENVINO: "OpenVINO"}
    place, threads = places[run.plan.device], run.request.threads
    inside = f", computed in {run.request.arithmetic}" if run.plan.device is Device.OPENVINO else ""
    return f"{run.plan.variant.precision} on {place}{inside}, {threads} thread{'s' * (threads > 1)}"
