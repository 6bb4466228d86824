"""Results -> Markdown: what was found, one table for each question."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from claxon_bench.tables import MISSING, table
from claxon_bench.workloads import Length
from gpu.record import faults

REPORT_NAME = "gpu.md"


def markdown(results: dict[str, Any]) -> str:
    """The whole report."""
    found = faults(results)
    parts = [
        f"# Claxon on {device_name(results)}",
        "\n".join(_setting(results)),
        "## Not right, or not run" if found else "",
        "\n".join(f"- {line}" for line in found),
        "## Right",
        _right(results),
        "## Fast",
        _fast(results),
        "## Texts a batch",
        "\n\n".join(_batches(results)),
        "## Where the time goes",
        _where(results),
        "## To choose from",
        "\n".join(_choices(results)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def figures(results: dict[str, Any], part: str) -> dict[str, dict[str, Any]]:
    """What a part's cases found, of those that ran."""
    cases = results["parts"].get(part, {})
    return {name: case["figures"] for name, case in cases.items() if case["problem"] is None}


def device_name(results: dict[str, Any]) -> str:
    """The GPU's name; or that it was a rehearsal."""
    facts = figures(results, "found").get("gpu", {})
    rehearsal = "the CPU (a rehearsal of the check: no figure of it says anything)"
    return rehearsal if results["device"] == "cpu" else str(facts.get("name", "an unknown GPU"))


def _setting(results: dict[str, Any]) -> Iterator[str]:
    found = figures(results, "found")
    for name, value in found.get("gpu", {}).items():
        if name != "wrong":
            yield f"- {name}: {value}"
    software = found.get("software", {})
    if software:
        yield f"- ONNX Runtime {software['onnxruntime']}: {', '.join(software['providers'])}"
        yield f"- Python {software['python']}"
        yield f"- {', '.join(f'{name} {number}' for name, number in software['packages'].items())}"
        yield f"- {software['machine']['processor']}, {software['machine']['processors']} processors"


def _right(results: dict[str, Any]) -> str:
    rows = [["", "worst cosine", "mean cosine", "other labels", "texts"]]
    for name, found in figures(results, "right").items():
        if "mean_cosine" in found:
            mean = min(found["mean_cosine"].values())
            cells = [f"{found['worst_cosine']:.6f}", f"{mean:.6f}", str(found["other_labels"]), str(found["texts"])]
            rows.append([name, *cells])
    return table(rows) if len(rows) > 1 else ""


def _fast(results: dict[str, Any]) -> str:
    head = ["texts/s", *Length, "one text, p50 ms", "p95", "p99", "device MiB", "new process, s", "its peak, MiB"]
    # A new process was timed in the fastest precision on the device, which comes first.
    rows, cold = [head], _cold(results)
    for name, found in figures(results, "fast").items():
        if "throughput" in found:
            speeds = [f"{found['throughput'][length]['texts_per_second']:,.0f}" for length in Length]
            one = [f"{found['latency'][share]:.2f}" for share in ("p50_ms", "p95_ms", "p99_ms")]
            rows.append(
                [name, *speeds, *one, str(found["device_mib"]), *cold.pop(name.partition(",")[0], (MISSING,) * 2)]
            )
    return table(rows) if len(rows) > 1 else ""


def _cold(results: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Seconds and memory of a new process, by model and library."""
    found = figures(results, "fast")
    cases = {name.replace("new process, ", ""): case for name, case in found.items() if ": new process, " in name}
    return {name: (f"{case['seconds']:.2f}", str(case.get("peak_mib", MISSING))) for name, case in cases.items()}


def _batches(results: dict[str, Any]) -> Iterator[str]:
    for name, found in figures(results, "fast").items():
        if "overtakes_at" in found:
            by_device = found["texts_per_second"]
            rows = [[f"{name.partition(':')[0]}, medium texts/s", *by_device]]
            sizes = next(iter(by_device.values()))
            rows += [[size, *(f"{rates[size]:,.1f}" for rates in by_device.values())] for size in sizes]
            at = found["overtakes_at"]
            yield table(rows)
            yield (
                f"The GPU overtakes the CPU at batches of {at}."
                if at
                else "The GPU overtakes the CPU at none of these."
            )


def _where(results: dict[str, Any]) -> str:
    rows = [
        ["ms", "whole call", "in ONNX Runtime", "kernels", "tokenising alone", "longest to launch", "longest kernel"]
    ]
    for name, found in figures(results, "where").items():
        times = [f"{found[key]:.1f}" for key in ("wall_ms", "session_ms", "kernels_ms", "tokenizing_ms")]
        longest = [
            next((f"{n} {ms:.1f}" for n, ms in found[key].items()), MISSING) for key in ("launching_ms", "kernels")
        ]
        rows.append([name, *times, *longest])
    return table(rows) if len(rows) > 1 else ""


def _choices(results: dict[str, Any]) -> Iterator[str]:
    for name, found in figures(results, "choose").items():
        yield f"- {name}: {_said(found)}"


def _said(found: Any) -> str:
    if isinstance(found, dict):
        return "; ".join(
            f"{key} {_said(value)}" if not isinstance(value, dict) else f"**{key}** ({_said(value)})"
            for key, value in found.items()
        )
    return f"{found:,.2f}" if isinstance(found, float) else str(found)
