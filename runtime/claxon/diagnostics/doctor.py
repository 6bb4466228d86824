"""Diagnoses this machine, this installation and a bundle; each problem comes with its cure."""

from __future__ import annotations

import importlib.util
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from claxon.bundle.bundle import Bundle
from claxon.encoder.encoder import Encoder
from claxon.engine.hardware import (
    affinity_threads,
    available_threads,
    processor_features,
    processor_name,
    quota_threads,
)
from claxon.engine.openvino import PLUGIN, WHEEL, arithmetic_for, plugin_version
from claxon.engine.providers import CPU_PROVIDER, CUDA_PROVIDER, OPENVINO_PROVIDER, Device, EngineRequest
from claxon.engine.session import Session, engine, engine_request
from claxon.errors import ClaxonError, EngineError
from claxon.heads.heads import GraphHead
from claxon.storage.strict_json import encode
from claxon.version import __version__

# Wheels that own the folder onnxruntime/: whichever is installed last overwrites the others' files.
ENGINE_WHEELS = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "onnxruntime-directml", "onnxruntime-rocm")
EXTRAS = {
    "openvino": (PLUGIN,),
    "export": ("huggingface_hub", "onnx", "safetensors", "scipy", "skl2onnx", "sklearn", "threadpoolctl"),
    "optimum": ("optimum", "torch", "transformers"),
    "report": ("matplotlib", "umap"),
    "jobs": ("pyarrow",),
    "ray": ("pyarrow", "ray"),
    "spark": ("pandas", "pyarrow", "pyspark"),
    "yaml": ("yaml",),
    "sign": ("model_signing",),
}

PROBE_TEXT = "Does it run?"
# The smallest graph there is: x -> Identity -> y, one float32 each, opset 13, IR 8. Made with
# onnx.helper.make_model(make_graph([make_node("Identity", ["x"], ["y"])], "probe", [x], [y])).SerializeToString().
PROBE_GRAPH = (
    b'\x08\x08:;\n\x10\n\x01x\x12\x01y"\x08Identity\x12\x05probe'
    b"Z\x0f\n\x01x\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01b\x0f\n\x01y\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01"
    b"B\x04\n\x00\x10\r"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: its value, and the problem with its cure, if any."""

    name: str
    value: str
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Findings by section."""

    sections: dict[str, tuple[Finding, ...]]

    @property
    def problems(self) -> tuple[str, ...]:
        """The problems, each with its cure."""
        findings = [finding for section in self.sections.values() for finding in section]
        return tuple(finding.problem for finding in findings if finding.problem is not None)

    def to_json(self) -> dict[str, Any]:
        """Convert to JSON objects and arrays: ``ok``, ``problems``, ``sections``."""
        return {"ok": not self.problems, "problems": list(self.problems), "sections": encode(self.sections)}


def diagnose(bundle: Path | None = None) -> Diagnosis:
    """Check everything; problems are reported, not raised."""
    sections = {
        "versions": version_findings(installed_version),
        "engine": engine_findings(),
        "machine": machine_findings(),
        "extras": extra_findings(),
    }
    if bundle is not None:
        sections["bundle"] = bundle_findings(bundle)
    return Diagnosis(sections)


def installed_version(distribution: str) -> str | None:
    """Return the installed version, or ``None``."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def version_findings(version_of: Callable[[str], str | None]) -> tuple[Finding, ...]:
    """Check versions, and that exactly one wheel of ONNX Runtime is installed."""
    versions = {name: version_of(name) for name in (*ENGINE_WHEELS, WHEEL)}
    installed = [name for name in ENGINE_WHEELS if versions[name] is not None]
    wheels = [Finding(name, number) for name, number in versions.items() if number is not None]
    if len(installed) != 1:
        wheels.append(Finding("onnxruntime wheels", ", ".join(installed) or "none", _wheel_problem(installed)))
    return (
        Finding("claxon", __version__),
        Finding("python", f"{platform.python_version()} at {sys.executable}"),
        Finding("numpy", np.__version__),
        Finding("tokenizers", version_of("tokenizers") or "unknown"),
        *wheels,
    )


def _wheel_problem(installed: Sequence[str]) -> str:
    if not installed:
        return "ONNX Runtime is not installed: pip install 'claxon[cpu]', or 'claxon[gpu]' for CUDA"
    return (
        f"{' and '.join(installed)} own the same folder and overwrite each other: "
        f"pip uninstall -y {' '.join(installed)} && pip install 'claxon[cpu]' (or 'claxon[gpu]')"
    )


def engine_findings() -> tuple[Finding, ...]:
    """Check which execution providers of ONNX Runtime actually start, by running a graph of one node."""
    try:
        available = engine().get_available_providers()
    except ClaxonError as error:
        return (Finding("onnxruntime", "cannot be imported", str(error)),)
    built_in = [provider for provider in available if not provider.startswith(OPENVINO_PROVIDER)]
    return (*map(_provider_finding, built_in), *_openvino_findings())


def _openvino_findings() -> tuple[Finding, ...]:
    """Check whether OpenVINO's plugin starts, if it is installed."""
    number = plugin_version()
    if number is None:
        return ()
    try:
        request = engine_request(Device.OPENVINO, 1)
        session = Session(PROBE_GRAPH, {}, replace(request, arithmetic=arithmetic_for(processor_features())))
        session.run(["y"], {"x": np.ones(1, np.float32)})
    except ClaxonError as error:
        problem = f"{error}; or without OpenVINO: pip uninstall {WHEEL}"
        return (Finding(OPENVINO_PROVIDER, "does not start", problem),)
    return (Finding(OPENVINO_PROVIDER, f"starts, computes in {arithmetic_for(processor_features())}"),)


def _provider_finding(provider: str) -> Finding:
    started = _starts(provider)
    problem = None
    if not started and provider == CUDA_PROVIDER:
        problem = (
            "CUDA is built into this ONNX Runtime but does not start: check that `nvidia-smi` works and that CUDA and "
            "cuDNN are there (pip install 'onnxruntime-gpu[cuda,cudnn]'); without an NVIDIA GPU install claxon[cpu]"
        )
    if not started and provider == CPU_PROVIDER:
        problem = "ONNX Runtime cannot run a graph of one node: pip install --force-reinstall onnxruntime"
    return Finding(provider, "starts" if started else "does not start", problem)


def _starts(provider: str) -> bool:
    request = EngineRequest(Device.AUTO, tuple(dict.fromkeys([provider, CPU_PROVIDER])), threads=1)
    one = np.ones(1, np.float32)
    try:
        session = Session(PROBE_GRAPH, {}, request)
        return provider in session.providers and bool((session.run(["y"], {"x": one})[0] == one).all())
    except ClaxonError:
        return False


def machine_findings(root: Path = Path("/")) -> tuple[Finding, ...]:
    """Report processor, threads and memory."""
    quota = quota_threads(root)
    return (
        Finding("system", f"{platform.system()} {platform.release()}, {platform.machine()}"),
        Finding("processor", processor_name(root)),
        Finding("features", ", ".join(processor_features(root)) or "unknown"),
        Finding("affinity", f"{affinity_threads()} threads"),
        Finding("quota", "none" if quota is None else f"{quota} threads"),
        Finding("chosen", f"{available_threads(root)} threads"),
        Finding("memory", memory(root)),
    )


def memory(root: Path = Path("/")) -> str:
    """Report available and total memory."""
    total, free = (_first_value(root / "proc/meminfo", name) for name in ("MemTotal", "MemAvailable"))
    if total is None or free is None:
        return "unknown"
    gib = [int(words.split()[0]) / (1 << 20) for words in (free, total)]
    return f"{gib[0]:.1f} of {gib[1]:.1f} GiB available{_memory_quota(root)}"


def _memory_quota(root: Path) -> str:
    try:
        limit = (root / "sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return ""
    return f", at most {int(limit) / (1 << 30):.1f} GiB for this container" if limit.isdecimal() else ""


def _first_value(path: Path, name: str) -> str | None:
    """Return the value of the first line ``name : value``."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return None
    entries = (line.partition(":") for line in lines)
    return next((value.strip() for key, _, value in entries if key.strip() == name), None)


def extra_findings() -> tuple[Finding, ...]:
    """Check whether the packages of the extras can be imported; a missing extra is not a problem."""
    findings = []
    for extra, modules in EXTRAS.items():
        missing = [module for module in modules if importlib.util.find_spec(module) is None]
        value = f"without {', '.join(missing)}; pip install 'claxon[{extra}]'" if missing else "installed"
        findings.append(Finding(extra, value))
    return tuple(findings)


def bundle_findings(path: Path) -> tuple[Finding, ...]:
    """Check that every file of the bundle is intact, and that one text runs through its encoder and heads."""
    try:
        bundle = Bundle.open(path)
    except ClaxonError as error:
        return (Finding("folder", str(path), str(error)),)
    files = [_check(name, partial(_whole, bundle, name)) for name in sorted(bundle.manifest.files)]
    runs = () if any(finding.problem for finding in files) else (_check("one text", partial(_one_text, bundle)),)
    return (Finding("digest", bundle.digest), *files, *runs)


def _check(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, check())
    except (ClaxonError, OSError) as error:
        return Finding(name, "wrong", str(error))


def _whole(bundle: Bundle, name: str) -> str:
    bundle.read(name)
    return "whole"


def _one_text(bundle: Bundle) -> str:
    """Load the encoder and every head, and run one text through all of them."""
    with Encoder.from_bundle(bundle) as encoder:
        features = encoder.features([PROBE_TEXT]).values
        scores = [GraphHead(bundle, spec)(features[spec.feature]) for spec in bundle.manifest.heads]
        if not all(np.isfinite(array).all() for array in (*features.values(), *scores)):
            raise EngineError(
                f"{bundle.path}: one short text gives NaN or infinity; export the bundle again, and if that "
                "does not help, try another --precision or --device"
            )
        return f"runs, {encoder.precision} on {encoder.device}, {len(scores)} head{'s' * (len(scores) != 1)}"
