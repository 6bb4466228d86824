"""How many threads this process may keep busy: its processor affinity and its container's quota, whichever is less.

ONNX Runtime's own default is the host's cores: in a container with a quota, threads that wait for each other.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from pathlib import Path


def available_threads(root: Path = Path("/")) -> int:
    """Threads that can run at once here, at least 1."""
    limits = [affinity_threads(), quota_threads(root)]
    return max(1, min(limit for limit in limits if limit is not None))


def affinity_threads() -> int:
    """Processors that this process may be scheduled on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def quota_threads(root: Path = Path("/")) -> int | None:
    """Processors that the control group's quota is worth, rounded up; ``None`` without a quota."""
    quotas = [q for q in (_quota_v2(root), _quota_v1(root)) if q is not None]
    return max(1, math.ceil(min(quotas))) if quotas else None


def _quota_v2(root: Path) -> float | None:
    """The tightest ``cpu.max``, which holds quota and period in microseconds."""
    levels = _levels(root / "sys/fs/cgroup", _group(root, ""))
    return _tightest(_words(level / "cpu.max") for level in levels)


def _quota_v1(root: Path) -> float | None:
    """The same in version 1, which has a file for each."""
    levels = _levels(root / "sys/fs/cgroup/cpu", _group(root, "cpu"))
    return _tightest(_words(level / "cpu.cfs_quota_us") + _words(level / "cpu.cfs_period_us") for level in levels)


def _group(root: Path, controller: str) -> str:
    """This process's control group for ``controller``; version 2 has one group for all, under no controller's name.

    The lines are ``hierarchy:controllers:path``; see cgroups(7).
    """
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2) if line.count(":") > 1 else ("", "none", "")
        if controller in controllers.split(","):
            return path
    return ""


def _levels(mount: Path, group: str) -> list[Path]:
    """The group's folder and those above it, up to ``mount``: a quota on any of them holds."""
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
