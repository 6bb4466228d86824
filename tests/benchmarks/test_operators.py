from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from claxon_bench.bench import Plan
from claxon_bench.operators import Clock, covered, profile_lines, run_profile, second_half, summary
from claxon_bench.workloads import Workload
from tests.measurements import sample_arena

WORKLOAD = Workload("short", ("a", "b"), 16, "by hand")


def run(ts: int, dur: int) -> dict[str, Any]:
    return {"cat": "Session", "name": "model_run", "ts": ts, "dur": dur}


def node(operator: str, ts: int, dur: int) -> dict[str, Any]:
    return {"cat": "Node", "name": "x_kernel_time", "ts": ts, "dur": dur, "args": {"op_name": operator}}


EVENTS = [
    run(0, 900), node("MatMul", 10, 800),
    run(1000, 300), node("MatMul", 1010, 150), node("Gelu", 1200, 50),
]  # fmt: skip


def test_only_the_second_run_counts() -> None:
    runs, nodes = second_half(EVENTS)
    assert [event["ts"] for event in runs] == [1000]
    assert [event["dur"] for event in nodes] == [150, 50]


def test_times_by_operator_and_outside() -> None:
    found = summary(*second_half(EVENTS), Clock(1.0, 0.25), engine="claxon:fp32", workload=WORKLOAD)
    assert [(each.operator, each.share, each.ms_a_batch) for each in found.operators] == [
        ("MatMul", 0.75, 0.15), ("Gelu", 0.25, 0.05),
    ]  # fmt: skip
    assert found.session_ms == 0.3
    assert found.outside_ms == pytest.approx(0.7)
    assert "| MatMul | 75.0% | 0.15 | 1 |" in profile_lines(found)[4]


def test_batches_side_by_side_are_counted_once() -> None:
    assert covered([(0, 10), (5, 12), (20, 30), (21, 22)]) == 22
    assert covered([]) == 0


def test_bundle_is_profiled(tiny_bundle: Path, tmp_path: Path) -> None:
    plan = Plan(workloads=("short",), threads=1, quick=True)
    lines = run_profile(sample_arena(tiny_bundle, tmp_path), plan, tmp_path / "out", lambda _: None)
    (found,) = json.loads((tmp_path / "out" / "profile.json").read_text())
    assert {"MatMul", "LayerNormalization"} <= {each["operator"] for each in found["operators"]}
    assert sum(each["share"] for each in found["operators"]) == pytest.approx(1)
    assert 0 < found["session_ms"] <= found["wall_ms"]
    assert found["texts"] == 64
    assert any("## claxon:fp32, short" in line for line in lines)
    assert "| operator |" in (tmp_path / "out" / "profile.md").read_text()
