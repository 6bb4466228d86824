"""Part 1: what is there: driver, GPU, CUDA, cuDNN, ONNX Runtime's providers, and what `claxon doctor` says."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from claxon.diagnostics.doctor import diagnose
from claxon.engine.providers import Device
from claxon.engine.session import engine
from claxon.storage.strict_json import encode
from claxon_bench.machine import this_machine
from gpu.record import WRONG, Case, Figures
from gpu.setting import Setting

QUERY = ("name", "driver_version", "memory.total", "compute_cap", "clocks.max.sm")
LIBRARIES = ("libcublas", "libcublasLt", "libcudnn", "libcufft", "libcurand", "libcudart", "libcuda")
PACKAGES = ("numpy", "tokenizers", "torch", "transformers", "sentence-transformers", "onnx", "scikit-learn")


def cases(setting: Setting) -> Iterator[Case]:
    """GPU, software, doctor."""
    yield Case("gpu", lambda: gpu(setting))
    yield Case("software", software)
    yield Case("doctor", lambda: doctor(setting))


def gpu_facts() -> dict[str, str]:
    """What ``nvidia-smi`` says of the first GPU; nothing where it does not run."""
    asked = ["nvidia-smi", f"--query-gpu={','.join(QUERY)}", "--format=csv,noheader"]
    try:
        answer = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    lines = answer.splitlines()
    return dict(zip(QUERY, (value.strip() for value in lines[0].split(",")), strict=False)) if lines else {}


def gpu(setting: Setting) -> Figures:
    """The GPU and its driver."""
    facts = gpu_facts()
    wrong = [] if facts or setting.device is Device.CPU else ["nvidia-smi tells of no GPU"]
    return {**facts, WRONG: wrong}


def software() -> Figures:
    """ONNX Runtime, where it lies, its providers, and the versions of what it is compared with."""
    ort = engine()
    build = getattr(ort, "get_build_info", str)()
    return {
        "onnxruntime": ort.__version__,
        "folder": Path(ort.__file__ or "").parents[1].name,
        "build": build[:200],
        "providers": list(ort.get_available_providers()),
        "python": platform.python_version(),
        "machine": encode(this_machine()),
        "packages": {name: number for name in PACKAGES if (number := _version(name)) is not None},
    }


def doctor(setting: Setting) -> Figures:
    """The diagnosis, and which of CUDA's libraries the process has loaded after it."""
    found = diagnose()
    engine_lines = {finding.name: finding.value for finding in found.sections["engine"]}
    starts = engine_lines.get("CUDAExecutionProvider") == "starts"
    wrong = [] if starts or setting.device is Device.CPU else ["CUDA does not start", *found.problems]
    return {"engine": engine_lines, "problems": list(found.problems), "libraries": _loaded(), WRONG: wrong}


def _loaded() -> list[str]:
    """Names of CUDA's libraries among the files that are mapped; the folders stay unsaid."""
    try:
        lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    names = {line.rpartition("/")[2] for line in lines if "/" in line}
    return sorted(name for name in names if name.partition(".so")[0] in LIBRARIES)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
