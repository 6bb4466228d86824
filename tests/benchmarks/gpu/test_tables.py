"""The report of a visit that ended early."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gpu.record import read_results
from gpu.tables import markdown

VISIT = Path(__file__).parents[3] / "benchmarks/results/gpu/nvidia-h200"

SPEED = {"texts_per_second": 10.0}


def case(**figures: Any) -> dict[str, Any]:
    return {"seconds": 1.0, "figures": figures, "problem": None}


def fast(name: str) -> dict[str, Any]:
    lengths = dict.fromkeys(("short", "medium", "long", "mixed"), SPEED)
    return {name: case(throughput=lengths, latency={"p50_ms": 1, "p95_ms": 2, "p99_ms": 3}, device_mib=7)}


def rows(report: str) -> list[str]:
    return [line for line in report.splitlines() if line.startswith("| mpnet")]


def test_a_new_process_is_told_where_it_was_measured_only() -> None:
    cases = fast("mpnet: Claxon, fp16 on cuda") | fast("mpnet: Claxon, fp32 on cpu")
    cases |= {"mpnet: new process, Claxon": case(seconds=1.5, peak_mib=300)}
    first, second = rows(markdown({"schema": 1, "device": "cuda", "parts": {"fast": cases}}))
    assert first.endswith("| 1.50 | 300 |")
    assert second.endswith("| - | - |")


def test_memory_that_was_not_measured_is_left_open() -> None:
    cases = fast("mpnet: Claxon, fp16 on cuda") | {"mpnet: new process, Claxon": case(seconds=1.5)}
    (row,) = rows(markdown({"schema": 1, "device": "cuda", "parts": {"fast": cases}}))
    assert row.endswith("| 1.50 | - |")


def test_the_published_report_is_that_of_its_results() -> None:
    assert (VISIT / "gpu.md").read_text(encoding="utf-8") == markdown(read_results(VISIT))
