"""Threads: affinity and quota from control groups of both versions, laid out under a folder of our own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from claxon.engine.hardware import affinity_threads, available_threads, quota_threads

MOUNT = "sys/fs/cgroup"


def machine(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


V2 = [
    pytest.param({f"{MOUNT}/cpu.max": "200000 100000\n"}, 2, id="at the top, as in a container"),
    pytest.param({f"{MOUNT}/cpu.max": "150000 100000\n"}, 2, id="rounded up"),
    pytest.param({f"{MOUNT}/cpu.max": "1000 100000\n"}, 1, id="one at least"),
    pytest.param({f"{MOUNT}/cpu.max": "max 100000\n"}, None, id="no limit"),
    pytest.param({f"{MOUNT}/a/b/cpu.max": "300000 100000\n"}, 3, id="of the process's own group"),
    pytest.param({f"{MOUNT}/a/b/cpu.max": "max 100000\n", f"{MOUNT}/a/cpu.max": "400000 100000\n"}, 4, id="above it"),
    pytest.param(
        {f"{MOUNT}/a/b/cpu.max": "800000 100000\n", f"{MOUNT}/a/cpu.max": "500000 100000\n"}, 5, id="the tightest"
    ),
    pytest.param({f"{MOUNT}/other/cpu.max": "100000 100000\n"}, None, id="another group's"),
    pytest.param({f"{MOUNT}/cpu.max": ""}, None, id="an empty file"),
    pytest.param({f"{MOUNT}/cpu.max": "100000\n"}, None, id="a file of one word"),
    pytest.param({f"{MOUNT}/cpu.max": "100000 0\n"}, None, id="no period"),
    pytest.param({}, None, id="no files at all"),
]


@pytest.mark.parametrize(("files", "threads"), V2)
def test_version_2(files: dict[str, str], threads: int | None, tmp_path: Path) -> None:
    assert quota_threads(machine(tmp_path, {"proc/self/cgroup": "0::/a/b\n", **files})) == threads


def v1(folder: str, quota: int) -> dict[str, str]:
    place = f"{MOUNT}/cpu/{folder}".rstrip("/")
    return {f"{place}/cpu.cfs_quota_us": f"{quota}\n", f"{place}/cpu.cfs_period_us": "100000\n"}


@pytest.mark.parametrize(
    "line",
    ["4:cpu,cpuacct:/a/b", "4:cpuacct,cpu:/a/b", "4:cpu:/a/b", "3:cpuset:/x\n4:cpu:/a/b", "12:cpuacct:/x\n4:cpu:/a/b"],
)
@pytest.mark.parametrize(
    ("files", "threads"),
    [
        (v1("a/b", 200000), 2),
        (v1("", 300000), 3),
        (v1("a/b", -1), None),
        ({**v1("a/b", -1), **v1("", 250000)}, 3),
        ({**v1("a/b", 800000), **v1("a", 400000)}, 4),
        (v1("x", 100000), None),
    ],
)
def test_version_1(line: str, files: dict[str, str], threads: int | None, tmp_path: Path) -> None:
    assert quota_threads(machine(tmp_path, {"proc/self/cgroup": f"{line}\n", **files})) == threads


def test_both_versions_at_once_give_the_tighter_quota(tmp_path: Path) -> None:
    files = {"proc/self/cgroup": "4:cpu:/\n0::/\n", f"{MOUNT}/cpu.max": "700000 100000\n", **v1("", 600000)}
    assert quota_threads(machine(tmp_path, files)) == 6


@pytest.mark.parametrize("content", ["", "garbage\n", "0::\n", "::::\n", "0::/../../outside\n"])
def test_a_strange_list_of_groups_leaves_the_top(content: str, tmp_path: Path) -> None:
    files = {"proc/self/cgroup": content, f"{MOUNT}/cpu.max": "200000 100000\n"}
    assert quota_threads(machine(tmp_path, files)) == 2


@pytest.mark.parametrize(("quota", "processors", "threads"), [(1, 8, 1), (3, 8, 3), (16, 8, 8)])
def test_the_tightest_limit_applies(
    quota: int, processors: int, threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)), raising=False)
    root = machine(tmp_path, {"proc/self/cgroup": "0::/\n", f"{MOUNT}/cpu.max": f"{quota}00000 100000\n"})
    assert available_threads(root) == threads


def test_without_a_quota_affinity_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 5, 6}, raising=False)
    assert available_threads(tmp_path) == 3


@pytest.mark.parametrize(("processors", "threads"), [(4, 4), (None, 1)])
def test_without_affinity_the_processors_count(
    processors: int | None, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: processors)
    assert affinity_threads() == threads


def test_this_machine_has_a_thread() -> None:
    assert available_threads() >= 1
