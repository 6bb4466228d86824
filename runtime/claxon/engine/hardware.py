"""The processor's name, and the instruction sets that decide how fast and how exact a graph runs."""

from __future__ import annotations

import ctypes
import math
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

# What decides how fast int8 and bf16 are, by Linux's names.
X86_FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
ARM_FEATURES = ("asimddp", "i8mm", "bf16")
# The same on macOS, which asks for each by a name of its own.
MACOS_FEATURES = {"FEAT_DotProd": "asimddp", "FEAT_I8MM": "i8mm", "FEAT_BF16": "bf16"}
ALLOWED_FEATURES = "CLAXON_CPU_FEATURES"
# Where CPUID tells of a feature: glibc's number of the leaf (sys/platform/x86.h), register (EAX to EDX), bit.
# Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2A, CPUID, leaves 07H/0 and 07H/1.
CPUID_BITS = {
    "avx2": (1, 1, 5),
    "avx512f": (1, 1, 16),
    "avx512_vnni": (1, 2, 11),
    "amx_bf16": (1, 3, 22),
    "amx_int8": (1, 3, 25),
    "avx_vnni": (6, 0, 4),
    "avx512_bf16": (6, 0, 5),
}
# The same of arm64, in the auxiliary vector: entry (elf.h), bit (asm/hwcap.h).
HWCAP_BITS = {"asimddp": (16, 20), "i8mm": (26, 13), "bf16": (26, 14)}


def processor_name(root: Path = Path("/")) -> str:
    """Return the processor's name."""
    return cpu_info("model name", root) or platform.processor() or "unknown"


def processor_features(root: Path = Path("/"), environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the processor's instruction sets that matter for int8 and bf16; empty if unknown.

    The C library is asked first: it asks the processor itself, so that the answer is right under an emulator as well,
    where ``/proc/cpuinfo`` describes the host. ``CLAXON_CPU_FEATURES``, names with commas between them, leaves of the
    features only those that it names: ``CLAXON_CPU_FEATURES=avx2`` makes a processor with VNNI run as one without.
    """
    flags = _real_features() if root == Path("/") else None
    if flags is None:
        flags = tuple((cpu_info("flags", root) or cpu_info("Features", root) or "").split())
    if not flags and sys.platform == "darwin":
        flags = _macos_features()
    allowed = environment.get(ALLOWED_FEATURES)
    names = (*X86_FEATURES, *ARM_FEATURES) if allowed is None else [name.strip() for name in allowed.split(",")]
    return tuple(name for name in (*X86_FEATURES, *ARM_FEATURES) if name in flags and name in names)


def cpu_info(name: str, root: Path = Path("/")) -> str | None:
    """Return a value of the first processor from ``/proc/cpuinfo``; ``None`` if it is missing."""
    try:
        with (root / "proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
            entries = (line.partition(":") for line in lines)
            return next((value.strip() for key, _, value in entries if key.strip() == name), None)
    except OSError:
        return None


class _Leaf(ctypes.Structure):
    """A leaf of CPUID as glibc reports it: what the processor has, and what can be used."""

    _fields_ = (("cpuid", ctypes.c_uint * 4), ("active", ctypes.c_uint * 4))


@cache
def _real_features() -> tuple[str, ...] | None:
    """Return what the C library reports; ``None`` if it does not: not Linux, musl, glibc before 2.33."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    try:
        if platform.machine() in ("aarch64", "arm64"):
            libc.getauxval.restype, libc.getauxval.argtypes = ctypes.c_ulong, [ctypes.c_ulong]
            return tuple(name for name, (entry, bit) in HWCAP_BITS.items() if libc.getauxval(entry) >> bit & 1)
        leaf = libc.__x86_get_cpuid_feature_leaf
    except AttributeError:
        return None
    leaf.restype, leaf.argtypes = ctypes.POINTER(_Leaf), [ctypes.c_uint]
    return tuple(
        name for name, (number, register, bit) in CPUID_BITS.items() if leaf(number)[0].active[register] >> bit & 1
    )


@cache
def _macos_features() -> tuple[str, ...]:
    return tuple(_macos_asked(MACOS_FEATURES))


def _macos_asked(names: dict[str, str]) -> Iterator[str]:
    for theirs, ours in names.items():
        words = ["/usr/sbin/sysctl", "-n", f"hw.optional.arm.{theirs}"]
        try:
            answer = subprocess.run(words, capture_output=True, text=True, check=False, timeout=5)
        except (OSError, subprocess.SubprocessError):
            return
        if answer.stdout.strip() == "1":
            yield ours


def available_threads(root: Path = Path("/")) -> int:
    """Return the number of threads that can run at once here, at least 1."""
    limits = [affinity_threads(), quota_threads(root)]
    return max(1, min(limit for limit in limits if limit is not None))


def affinity_threads() -> int:
    """Return the number of CPUs that this process may be scheduled on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def quota_threads(root: Path = Path("/")) -> int | None:
    """Return the control group's CPU quota in CPUs, rounded up; ``None`` without a quota."""
    quotas = [q for q in (_quota_v2(root), _quota_v1(root)) if q is not None]
    return max(1, math.ceil(min(quotas))) if quotas else None


def _quota_v2(root: Path) -> float | None:
    """Return the tightest ``cpu.max``, which has quota and period in microseconds."""
    levels = _levels(root / "sys/fs/cgroup", _group(root, ""))
    return _tightest(_words(level / "cpu.max") for level in levels)


def _quota_v1(root: Path) -> float | None:
    """Return the same for version 1, which has a file for each."""
    levels = _levels(root / "sys/fs/cgroup/cpu", _group(root, "cpu"))
    return _tightest(_words(level / "cpu.cfs_quota_us") + _words(level / "cpu.cfs_period_us") for level in levels)


def _group(root: Path, controller: str) -> str:
    """Return this process's control group for ``controller``; version 2 has one group without a controller's name.

    The lines are ``hierarchy:controllers:path``; see cgroups(7).
    """
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2) if line.count(":") > 1 else ("", "none", "")
        if controller in controllers.split(","):
            return path
    return ""


def _levels(mount: Path, group: str) -> list[Path]:
    """Return the group's folder and its parents up to ``mount``: a quota on any of them applies."""
    folder = mount / group.lstrip("/")
    return [level for level in (folder, *folder.parents) if level.is_relative_to(mount)]


def _tightest(quotas: Iterable[list[str]]) -> float | None:
    return min((ratio for ratio in map(_ratio, quotas) if ratio is not None), default=None)


def _ratio(words: list[str]) -> float | None:
    try:
        quota, period = (int(word) for word in words)
    except ValueError:
        return None
    return quota / period if quota > 0 and period > 0 else None


def _words(path: Path) -> list[str]:
    return " ".join(_lines(path)).split()


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
