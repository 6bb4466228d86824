"""One bundle against its peers: what is measured, in which order."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from claxon import Encoder, __version__
from claxon.engine.hardware import available_threads
from claxon_bench.accuracy import Outputs, compare
from claxon_bench.contenders import Arena, Contender, prepared
from claxon_bench.environments import PEERS_FOLDER
from claxon_bench.machine import this_machine
from claxon_bench.results import SCHEMA, Results, Settings, SweepPoint, WorkloadFacts
from claxon_bench.roster import REFERENCES, EngineSpec, default_engines, named_engines
from claxon_bench.rounds import Tell, measure_bulk, measure_cold_starts, measure_latency, measure_throughput
from claxon_bench.subject import Measured
from claxon_bench.sweep import BATCH_SIZES, SweepPlan, run_sweep
from claxon_bench.workloads import SEED, Length, Workload, bulk_workload, latency_texts, workloads

BATCH_SIZE = 32
ROUNDS, QUICK_ROUNDS = 5, 2
COLD_STARTS, QUICK_COLD_STARTS = 3, 1
SHORT_CUT = 128


@dataclass(frozen=True, slots=True)
class Plan:
    """What a call asks for; ``None`` and empty mean the defaults.

    Attributes:
        sources: Files of texts by workload, under ``""`` for all others.
        memory_texts: Mixed texts of the bulk run, of which only the memory is told.
        peers: The folder of the environments.
    """

    engines: tuple[str, ...] = ()
    workloads: tuple[str, ...] = tuple(Length)
    sources: dict[str, str] = field(default_factory=dict)
    rounds: int | None = None
    threads: int | None = None
    quick: bool = False
    memory_texts: int | None = None
    peers: Path = PEERS_FOLDER

    def settings(self) -> Settings:
        """The same with defaults filled in."""
        rounds = self.rounds or (QUICK_ROUNDS if self.quick else ROUNDS)
        return Settings(self.threads or available_threads(), rounds, BATCH_SIZE, SEED, self.quick)


def arena_of(measured: Measured, plan: Plan) -> Arena:
    """What the run's engines share."""
    return Arena(measured, plan.settings(), this_machine(), plan.peers)


def engines_of(plan: Plan, measured: Measured) -> list[EngineSpec]:
    """The engines that the plan names; else Claxon's, and, where there is a checkpoint for them to run, its peers.

    Raises:
        OptionError: the plan names an engine that there is not.
    """
    encoder, kind = measured.encoder, measured.facts.kind
    if plan.engines:
        return named_engines(plan.engines, encoder, kind)
    return [spec for spec in default_engines(encoder, kind) if spec.is_claxon or measured.checkpoint is not None]


def run_bench(measured: Measured, plan: Plan, tell: Tell, save: Callable[[Results], None]) -> Results:
    """Measure everything; ``save`` is given what there is after every step.

    Raises:
        OptionError: the plan names an engine or workload that there is not.
        InputError, OSError: texts cannot be read.
    """
    arena = arena_of(measured, plan)
    specs = engines_of(plan, measured)
    if measured.checkpoint is None and not plan.engines:
        tell("Claxon alone: its peers run with --checkpoint")
    chosen = workloads(plan.workloads, limit=measured.facts.max_tokens, quick=plan.quick, sources=plan.sources)
    started = _now()
    facts = workload_facts(measured, chosen)
    contenders = prepared(specs, arena, tell)

    def results() -> Results:
        return assemble(arena, started, facts, contenders)

    _measure(contenders, chosen, arena, tell, lambda: save(results()))
    if plan.memory_texts is not None:
        bulk = bulk_workload(plan.memory_texts, limit=measured.facts.max_tokens, sources=plan.sources)
        facts = (*facts, *workload_facts(measured, [bulk]))
        measure_bulk(contenders, bulk, tell)
    return results()


def run_device_sweep(
    measured: Measured,
    plan: Plan,
    devices: tuple[str, ...],
    precisions: tuple[str, ...],
    batch_sizes: tuple[int, ...],
    tell: Tell,
) -> Results:
    """Devices against each other; without ``precisions`` those that the bundle holds, without sizes the usual ones.

    Raises:
        OptionError: an unknown workload.
        InputError, OSError: texts cannot be read.
    """
    arena = arena_of(measured, plan)
    held = tuple(dict.fromkeys(str(variant.precision) for variant in measured.encoder.variants))
    wanted = SweepPlan(devices, precisions or held, batch_sizes or BATCH_SIZES)
    chosen = workloads(
        plan.workloads,
        limit=measured.facts.max_tokens,
        quick=plan.quick,
        least=max(wanted.batch_sizes),
        sources=plan.sources,
    )
    started = _now()
    points = run_sweep(arena, wanted, chosen, tell)
    return assemble(arena, started, workload_facts(measured, chosen), (), points)


def _measure(
    contenders: Sequence[Contender], chosen: Sequence[Workload], arena: Arena, tell: Tell, save: Callable[[], None]
) -> None:
    settings = arena.settings
    cut = min(SHORT_CUT, arena.measured.facts.max_tokens)
    measure_latency(contenders, latency_texts(), settings.rounds, cut, tell)
    save()
    measure_cold_starts(contenders, QUICK_COLD_STARTS if settings.quick else COLD_STARTS, cut, tell)
    save()
    for workload in chosen:
        measure_throughput(contenders, workload, settings.rounds, tell)
        judge(contenders)
        save()


def judge(contenders: Sequence[Contender]) -> None:
    """Compare every engine with the reference: sentence-transformers or the pipeline on torch, else Claxon in fp32."""
    by_name = {contender.spec.name: contender for contender in contenders if contender.outputs}
    reference = next((by_name[name] for name in REFERENCES if name in by_name), next(iter(by_name.values()), None))
    for contender in by_name.values():
        if reference is None or not contender.outputs.keys() <= reference.outputs.keys():
            continue
        names = list(contender.outputs)
        found = _joined([contender.outputs[name] for name in names])
        expected = _joined([reference.outputs[name] for name in names])
        kind = contender.arena.measured.facts.kind
        contender.accuracy = compare(found, expected, name=reference.spec.name, kind=kind)


def _joined(outputs: Sequence[Outputs]) -> Outputs:
    return Outputs(
        np.concatenate([output.values for output in outputs]), np.concatenate([output.labels for output in outputs])
    )


def workload_facts(measured: Measured, chosen: Sequence[Workload]) -> tuple[WorkloadFacts, ...]:
    """What the report tells of the workloads; the bundle's tokenizer counts."""
    with Encoder.from_bundle(measured.bundle, device="cpu") as encoder:
        return tuple(workload.facts(encoder) for workload in chosen)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def assemble(
    arena: Arena,
    started: str,
    facts: tuple[WorkloadFacts, ...],
    contenders: Sequence[Contender],
    sweep: tuple[SweepPoint, ...] = (),
) -> Results:
    """All that was measured so far."""
    return Results(
        schema=SCHEMA,
        started=started,
        claxon=__version__,
        machine=arena.machine,
        subject=arena.measured.facts,
        settings=arena.settings,
        workloads=facts,
        engines=tuple(contender.result() for contender in contenders),
        sweep=sweep,
    )
