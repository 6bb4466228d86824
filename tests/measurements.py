"""Results that nobody measured, and engines that only pretend: what the tests of the benchmarks share."""

from __future__ import annotations

from pathlib import Path

from claxon_bench.bench import Plan, arena_of
from claxon_bench.contenders import Arena
from claxon_bench.results import (
    SCHEMA,
    Accuracy,
    ColdStart,
    EngineResult,
    Kind,
    Machine,
    Results,
    Run,
    Settings,
    Subject,
    SweepPoint,
    WorkloadFacts,
)
from claxon_bench.roster import EngineSpec
from claxon_bench.subject import open_subject

# An engine whose vectors are the lengths of the texts; it prints, as libraries do.
ENGINE = """
import sys, time
IMPORTS = ("json",)
PACKAGES = ("numpy",)
class Lengths:
    runs = "a pretence"
    calls = 0
    def __call__(self, texts, batch_size):
        import numpy
        print("a library says something")
        self.calls += 1
        {call}
        return numpy.array([[len(text), 1.0] for text in texts], numpy.float32)
def load(setup):
    {load}
    return Lengths()
def prepare(setup):
    open(setup["prepared"] + "/graph", "w").close()
"""


def write_engine(folder: Path, name: str = "pretence", *, load: str = "pass", call: str = "pass") -> Path:
    """A script that ``serving.py`` can load; ``load`` and ``call`` are lines of it."""
    path = folder / f"{name}.py"
    path.write_text(ENGINE.format(load=load, call=call))
    return path


def engine_spec(script: Path) -> EngineSpec:
    """An engine that runs in this Python: it says that it is Claxon's."""
    kinds = (Kind.ENCODER, Kind.CLASSIFIER)
    return EngineSpec(f"claxon:{script.stem}", script.stem, "claxon", str(script), "x", kinds)


def sample_arena(bundle: Path, peers: Path, checkpoint: Path | None = None) -> Arena:
    """One thread, one round."""
    plan = Plan(rounds=1, threads=1, quick=True, peers=peers)
    return arena_of(open_subject(bundle, checkpoint), plan)


def sample_results(kind: Kind = Kind.ENCODER) -> Results:
    """Ours, a fast peer that is off, an exact slow one, and one that did not run."""
    workloads = (
        WorkloadFacts("short", 512, 12_000, 128, 76, "generated", "a" * 64),
        WorkloadFacts("mixed", 256, 21_000, 384, 384, "generated", "b" * 64),
    )
    engines = (
        engine_result("claxon:int8", "Claxon, int8", 0.5, kind, error=3e-3),
        engine_result("st:torch-fp32", "sentence-transformers, torch fp32", 4.0, kind),
        engine_result("st:openvino", "sentence-transformers, OpenVINO", 1.0, kind, error=5e-5),
        EngineResult("st:onnx", "ST, ONNX", "x", None, {}, None, {}, (), (), None, None, "no environment x"),
    )
    machine = Machine("Linux x86_64", "A Processor", ("avx2", "amx_int8"), 2, None, "8 of 16 GiB", "3.11.7")
    head = "sentiment" if kind is Kind.CLASSIFIER else None
    subject = Subject("tiny", "d" * 64, kind, head, "mpnet", 109_486_464, 384, "c" * 12)
    settings = Settings(threads=2, rounds=3, batch_size=32, seed=20, quick=False)
    return Results(
        SCHEMA, "2025-11-22T02:00:00Z", "0.1.0", machine, subject, settings, workloads, engines, sample_sweep()
    )


def engine_result(name: str, label: str, slow: float, kind: Kind, error: float = 0.0) -> EngineResult:
    """An engine that takes ``slow`` seconds a round, give or take."""
    mean, worst = (1 - error, 1 - 3 * error) if kind is Kind.ENCODER else (None, None)
    seconds = (slow, 1.1 * slow, 0.95 * slow)
    return EngineResult(
        name=name,
        label=label,
        environment="x",
        runs="something",
        versions={"python": "3.11.7", "numpy": "2.4.6"},
        install_size_bytes=300_000_000,
        throughput={"short": Run(seconds, 900_000_000, 800_000_000), "mixed": Run(seconds, 950_000_000, None)},
        latency_s=tuple(slow / 100 * (1 + i / 50) for i in range(40)),
        cold_starts=(ColdStart(slow, slow / 2, slow / 3, slow / 9),) * 3,
        accuracy=Accuracy("st:torch-fp32", 768, mean, worst, error, 0.99 if error else 1.0),
        idle_share=0.0,
        problem=None,
    )


def sample_sweep() -> tuple[SweepPoint, ...]:
    """Two batch sizes on a processor, and a device that there is not."""
    cpu = [SweepPoint("cpu", "fp32", size, "short", 64, (1 / size, 1.2 / size), None) for size in (1, 8)]
    cuda = [SweepPoint("cuda", "fp16", size, "short", 64, (), "this ONNX Runtime has no CUDA") for size in (1, 8)]
    return (*cpu, *cuda)
