"""Claxon over devices, precisions and batch sizes, in turn, in one run; what cannot start says why."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from claxon.errors import OptionError
from claxon_bench.contenders import Arena, Contender, prepared
from claxon_bench.process import EngineProcess
from claxon_bench.results import SweepPoint
from claxon_bench.roster import claxon_engine
from claxon_bench.rounds import Tell
from claxon_bench.workloads import Workload

BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
# A small batch on many texts takes long and says no more: so many batches are enough.
MOST_BATCHES = 16


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """Which combinations: every device with every precision at every batch size."""

    devices: tuple[str, ...]
    precisions: tuple[str, ...]
    batch_sizes: tuple[int, ...] = BATCH_SIZES


def run_sweep(arena: Arena, plan: SweepPlan, chosen: Sequence[Workload], tell: Tell) -> tuple[SweepPoint, ...]:
    """Every combination on every workload; each device and precision is a process, all are loaded side by side.

    Raises:
        OptionError: the plan has no batch size, device or precision.
    """
    if not (plan.devices and plan.precisions and plan.batch_sizes):
        raise OptionError("a sweep needs a device, a precision and a batch size at least")
    specs = [claxon_engine(precision, device) for device in plan.devices for precision in plan.precisions]
    points = []
    for workload in chosen:
        contenders = prepared(specs, arena, tell)
        with ExitStack() as stack:
            processes: dict[str, EngineProcess] = {}
            for contender in contenders:
                tell(f"loading {contender.spec.name}")
                if contender.problem is None:
                    with contender.may_fail():
                        processes[contender.spec.name] = stack.enter_context(contender.start(workload.max_tokens))
            for size in plan.batch_sizes:
                tell(f"{workload.name}, batches of {size}")
                points += _measured(contenders, processes, workload, size)
    return tuple(points)


def _measured(
    contenders: Sequence[Contender], processes: dict[str, EngineProcess], workload: Workload, size: int
) -> list[SweepPoint]:
    """One batch size, all engines in turn: a round that is not timed, then the timed ones."""
    texts = workload.texts[: size * MOST_BATCHES]
    seconds: dict[str, list[float]] = {contender.spec.name: [] for contender in contenders}
    for number in range(contenders[0].arena.settings.rounds + 1):
        for contender in contenders:
            if contender.problem is None:
                with contender.may_fail():
                    answer = processes[contender.spec.name].run(texts, batch_size=size)
                    seconds[contender.spec.name] += [answer["seconds"]] if number else []
    return [_point(contender, workload, size, len(texts), seconds[contender.spec.name]) for contender in contenders]


def _point(contender: Contender, workload: Workload, size: int, n_texts: int, seconds: list[float]) -> SweepPoint:
    spec = contender.spec
    return SweepPoint(
        device=spec.device,
        precision=spec.precision,
        batch_size=size,
        workload=workload.name,
        texts=n_texts,
        seconds=tuple(seconds),
        problem=contender.problem,
    )
