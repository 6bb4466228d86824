"""Engines loaded side by side and run in turn, so that whatever else the machine does hits them alike."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from claxon_bench.accuracy import LABELS, Outputs, classifier_outputs, encoder_outputs
from claxon_bench.contenders import Contender
from claxon_bench.errors import EngineFailure
from claxon_bench.process import EngineProcess
from claxon_bench.results import ColdStart, Kind, Run
from claxon_bench.workloads import Workload

# Thread pools spin for some milliseconds after their last task; the next engine's turn begins after that.
SETTLE_S = 0.1
IDLE_S = 1.0

Tell = Callable[[str], None]


def measure_cold_starts(contenders: Sequence[Contender], repeats: int, max_tokens: int, tell: Tell) -> None:
    """Start each engine in fresh processes, in turn. It was loaded before: its files are in the system's cache."""
    for number in range(repeats):
        for contender in _sound(contenders):
            tell(f"cold start {number + 1} of {repeats}: {contender.spec.name}")
            with contender.may_fail(), contender.start(max_tokens) as process:
                if process.ready is not None:
                    ready = process.ready
                    contender.cold_starts.append(ColdStart(ready.wall_s, ready.import_s, ready.load_s, ready.first_s))


def measure_throughput(contenders: Sequence[Contender], workload: Workload, rounds: int, tell: Tell) -> None:
    """Run a workload: once untimed, whose results are kept for the accuracy, then ``rounds`` times in turn."""
    with _side_by_side(contenders, workload.max_tokens, tell) as processes:
        seconds: dict[str, list[float]] = {name: [] for name in processes}
        memory: dict[str, dict[str, int]] = {}
        for contender in _sound(contenders):
            tell(f"{workload.name} warm-up: {contender.spec.name}")
            with contender.may_fail():
                contender.outputs[workload.name] = _outputs(contender, processes[contender.spec.name], workload)
        _watch_idle(contenders, processes)
        for number in range(rounds):
            for contender in _turns(contenders, number):
                tell(f"{workload.name} round {number + 1} of {rounds}: {contender.spec.name}")
                with contender.may_fail():
                    memory[contender.spec.name] = answer = processes[contender.spec.name].run(workload.texts)
                    seconds[contender.spec.name].append(float(answer["seconds"]))
                time.sleep(SETTLE_S)
    for contender in _sound(contenders):
        answer, taken = memory[contender.spec.name], tuple(seconds[contender.spec.name])
        contender.throughput[workload.name] = Run(taken, answer["peak_rss_bytes"], answer["rss_bytes"])


def measure_latency(
    contenders: Sequence[Contender], texts: Sequence[str], rounds: int, max_tokens: int, tell: Tell
) -> None:
    """Every text alone, warm: all of them once untimed, then ``rounds`` times in turn."""
    with _side_by_side(contenders, max_tokens, tell) as processes:
        for number in range(rounds + 1):
            tell(f"latency {f'round {number} of {rounds}' if number else 'warm-up'}")
            for contender in _turns(contenders, number):
                with contender.may_fail():
                    seconds = processes[contender.spec.name].run_each(texts)
                    contender.latency_s += seconds if number else []
                time.sleep(SETTLE_S)


def measure_bulk(contenders: Sequence[Contender], workload: Workload, tell: Tell) -> None:
    """All texts at once, from a file, in a new process, each engine alone: what it does to the memory."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "texts.jsonl"
        file.write_text("".join(json.dumps(text) + "\n" for text in workload.texts), encoding="utf-8")
        for contender in _sound(contenders):
            tell(f"{workload.name}: {contender.spec.name}")
            with contender.may_fail(), contender.start(workload.max_tokens) as process:
                answer = process.run_bulk(file)
                seconds = (float(answer["seconds"]),)
                contender.throughput[workload.name] = Run(seconds, answer["peak_rss_bytes"], answer["rss_bytes"])


@contextmanager
def _side_by_side(contenders: Sequence[Contender], max_tokens: int, tell: Tell) -> Iterator[dict[str, EngineProcess]]:
    """A process for every engine that can start."""
    with ExitStack() as stack:
        processes = {}
        for contender in _sound(contenders):
            tell(f"loading {contender.spec.name}")
            with contender.may_fail():
                processes[contender.spec.name] = stack.enter_context(contender.start(max_tokens))
        yield processes


def _outputs(contender: Contender, process: EngineProcess, workload: Workload) -> Outputs:
    values = _saved(process, workload.texts)
    if contender.arena.measured.facts.kind is Kind.CLASSIFIER:
        return classifier_outputs(values)
    return encoder_outputs(values, _saved(process, LABELS))


def _saved(process: EngineProcess, texts: Sequence[str]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """What the engine gives for the texts, checked.

    Raises:
        EngineFailure: not one row a text, or numbers that are not finite.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "values.npy"
        process.run(texts, save=path)
        values: np.ndarray[tuple[int, int], np.dtype[np.float32]] = np.load(path)
    if values.ndim != 2 or len(values) != len(texts):
        raise EngineFailure(f"it gave an array of shape {values.shape} for {len(texts)} texts")
    if not np.isfinite(values).all():
        raise EngineFailure("it gave numbers that are not finite")
    return values


def _watch_idle(contenders: Sequence[Contender], processes: dict[str, EngineProcess]) -> None:
    """Which share of a processor each engine takes while none is asked for anything."""
    time.sleep(SETTLE_S)
    before = {name: process.processor_s() for name, process in processes.items()}
    time.sleep(IDLE_S)
    for contender in _sound(contenders):
        name = contender.spec.name
        start, end = before[name], processes[name].processor_s()
        if start is not None and end is not None:
            contender.idle_share = max(contender.idle_share or 0.0, (end - start) / IDLE_S)


def _turns(contenders: Sequence[Contender], number: int) -> list[Contender]:
    """The engines that still run; backwards in every other round, so that none always comes after the same one."""
    sound = _sound(contenders)
    return sound[::-1] if number % 2 else sound


def _sound(contenders: Sequence[Contender]) -> list[Contender]:
    return [contender for contender in contenders if contender.problem is None]
