"""Where the time of a run goes: by operator inside ONNX Runtime, and outside of it."""

from __future__ import annotations

import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claxon import Encoder
from claxon.engine.providers import Device
from claxon.engine.session import default_options, engine_request
from claxon.formats.writers import open_output
from claxon.storage.strict_json import encode
from claxon_bench.bench import Plan, engines_of
from claxon_bench.contenders import Arena
from claxon_bench.roster import EngineSpec
from claxon_bench.rounds import Tell
from claxon_bench.tables import table
from claxon_bench.workloads import Workload, workloads

PROFILE_NAME = "profile"

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Clock:
    """Milliseconds of a whole call, and of one that only tokenises."""

    wall_ms: float
    tokenizing_ms: float


@dataclass(frozen=True, slots=True)
class OperatorTime:
    """All nodes of one kind; ``share`` is that of the time in operators."""

    operator: str
    calls: int
    ms_a_batch: float
    share: float


@dataclass(frozen=True, slots=True)
class Profile:
    """One engine on one workload, in milliseconds of one run over all texts.

    Attributes:
        wall_ms: From the texts to the vectors.
        session_ms: While ONNX Runtime ran at least one batch; ``outside_ms`` is the rest.
        tokenizing_ms: Of a call that only tokenises.
        operators_ms: Added up over batches that run side by side.
    """

    engine: str
    workload: str
    texts: int
    batches: int
    wall_ms: float
    session_ms: float
    outside_ms: float
    tokenizing_ms: float
    operators_ms: float
    operators: tuple[OperatorTime, ...]


def run_profile(arena: Arena, plan: Plan, folder: Path, tell: Tell) -> list[str]:
    """Profile Claxon's engines for the CPU on the plan's workloads; writes ``profile.json`` and ``profile.md``.

    Raises:
        OptionError, InputError, BundleError, EngineError, OSError: as measuring does.
    """
    measured = arena.measured
    specs = [spec for spec in engines_of(plan, measured) if spec.is_claxon and spec.device == Device.CPU]
    profiles = []
    for workload in workloads(plan.workloads, limit=measured.facts.max_tokens, quick=plan.quick, sources=plan.sources):
        for spec in specs:
            tell(f"profiling {spec.name} on {workload.name}")
            profiles.append(profile(arena, spec, workload))
    folder.mkdir(parents=True, exist_ok=True)
    lines = [line for found in profiles for line in profile_lines(found)]
    _write(folder / f"{PROFILE_NAME}.json", json.dumps(encode(profiles), indent=1) + "\n")
    _write(folder / f"{PROFILE_NAME}.md", "\n".join([f"# {measured.facts.name}: time by operator", "", *lines]) + "\n")
    return [*lines, f"written to {folder / PROFILE_NAME}.md"]


def profile(arena: Arena, spec: EngineSpec, workload: Workload) -> Profile:
    """Run a workload twice, of which the second run counts.

    Raises:
        OptionError: the bundle has no such precision.
        EngineError: ONNX Runtime failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        clock = _run_twice(arena, spec, workload, Path(folder))
        # Written when the session went away, with the encoder.
        events = json.loads(next(Path(folder).glob("*.json")).read_text(encoding="utf-8"))
    runs, nodes = second_half(events)
    return summary(runs, nodes, clock, engine=spec.name, workload=workload)


def _run_twice(arena: Arena, spec: EngineSpec, workload: Workload, folder: Path) -> Clock:
    encoder = Encoder.from_bundle(
        arena.measured.bundle,
        device=spec.device,
        precision=spec.precision,
        threads=arena.settings.threads,
        max_tokens=workload.max_tokens,
        session_options=_options(folder, arena.settings.threads),
    )
    with encoder:
        names = [next(iter(encoder.spec.features))]
        encoder.features(workload.texts, names, on_truncation="ignore")
        start = time.perf_counter()
        encoder.features(workload.texts, names, on_truncation="ignore")
        middle = time.perf_counter()
        encoder.tokenize(workload.texts)
        return Clock(1000 * (middle - start), 1000 * (time.perf_counter() - middle))


def second_half(events: Sequence[Event]) -> tuple[list[Event], list[Event]]:
    """The runs of the session that are not the first half of them, and the nodes' times from there on."""
    runs = sorted((event for event in events if event.get("name") == "model_run"), key=lambda event: int(event["ts"]))
    counted = runs[len(runs) // 2 :]
    start = min((int(event["ts"]) for event in counted), default=0)
    nodes = [
        event
        for event in events
        if event.get("cat") == "Node" and str(event.get("name")).endswith("_kernel_time") and int(event["ts"]) >= start
    ]
    return counted, nodes


def summary(runs: Sequence[Event], nodes: Iterable[Event], clock: Clock, *, engine: str, workload: Workload) -> Profile:
    """The events of a trace, in microseconds, as times by operator."""
    times: defaultdict[str, list[int]] = defaultdict(list)
    for node in nodes:
        times[str(node["args"]["op_name"])].append(int(node["dur"]))
    total = sum(map(sum, times.values())) or 1
    batches = max(len(runs), 1)
    operators = [
        OperatorTime(name, len(found), sum(found) / 1000 / batches, sum(found) / total) for name, found in times.items()
    ]
    session_ms = covered((int(run["ts"]), int(run["ts"]) + int(run["dur"])) for run in runs) / 1000
    return Profile(
        engine=engine,
        workload=workload.name,
        texts=len(workload.texts),
        batches=len(runs),
        wall_ms=clock.wall_ms,
        session_ms=session_ms,
        outside_ms=max(clock.wall_ms - session_ms, 0.0),
        tokenizing_ms=clock.tokenizing_ms,
        operators_ms=total / 1000,
        operators=tuple(sorted(operators, key=lambda found: -found.share)),
    )


def covered(intervals: Iterable[tuple[int, int]]) -> int:
    """The length of the union of intervals."""
    length, end = 0, 0
    for start, stop in sorted(intervals):
        length += max(stop - max(start, end), 0)
        end = max(end, stop)
    return length


def profile_lines(found: Profile) -> list[str]:
    """One profile as Markdown."""
    rows = [
        ["operator", "share", "ms a batch", "calls"],
        *([each.operator, f"{each.share:.1%}", f"{each.ms_a_batch:.2f}", str(each.calls)] for each in found.operators),
    ]
    return [
        f"## {found.engine}, {found.workload}",
        "",
        f"{found.texts} texts in {found.batches} batches took {found.wall_ms:.0f} ms: {found.session_ms:.0f} in ONNX "
        f"Runtime, {found.outside_ms:.0f} outside of it alone (tokenising all texts takes {found.tokenizing_ms:.0f}). "
        f"Operators add up to {found.operators_ms:.0f} ms over what runs side by side.",
        "",
        table(rows),
        "",
    ]


def _options(folder: Path, threads: int) -> Any:
    options = default_options(engine_request(Device.CPU, threads))
    options.enable_profiling = True
    options.profile_file_prefix = str(folder / "trace")
    return options


def _write(path: Path, content: str) -> None:
    with open_output(str(path)) as stream:
        stream.write(content.encode())
