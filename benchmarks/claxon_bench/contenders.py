"""Engines in a run: each with its process while it has one, its samples, and the reason where it has none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from claxon_bench.accuracy import Outputs
from claxon_bench.engines.serving import Setup
from claxon_bench.environments import install_size_bytes, python_of
from claxon_bench.errors import EngineFailure
from claxon_bench.machine import onnx_quantization
from claxon_bench.process import EngineProcess, prepare
from claxon_bench.results import Accuracy, ColdStart, EngineResult, Machine, Run, Settings
from claxon_bench.roster import EngineSpec
from claxon_bench.subject import Measured

PREPARING_TOKENS = 8  # an export is for any length


@dataclass(frozen=True, slots=True)
class Arena:
    """What all engines of a run share; ``peers`` is the folder of the environments and exported models."""

    measured: Measured
    settings: Settings
    machine: Machine
    peers: Path


@dataclass(slots=True)
class Contender:
    """One engine; figures are added as they are measured. It takes no further part once it has a ``problem``."""

    spec: EngineSpec
    arena: Arena
    python: Path | None = None
    runs: str | None = None
    versions: dict[str, str] = field(default_factory=dict)
    throughput: dict[str, Run] = field(default_factory=dict)
    latency_s: list[float] = field(default_factory=list)
    cold_starts: list[ColdStart] = field(default_factory=list)
    outputs: dict[str, Outputs] = field(default_factory=dict)
    accuracy: Accuracy | None = None
    idle_share: float | None = None
    problem: str | None = None

    @contextmanager
    def may_fail(self) -> Iterator[None]:
        """A failure inside becomes the engine's problem; the others go on."""
        try:
            yield
        except EngineFailure as error:
            self.problem = str(error)

    def prepare(self) -> None:
        """Find its environment, and export what it runs unless that was done before.

        Raises:
            EngineFailure: either is not to be had.
        """
        self.python = python_of(self.spec.environment, self.arena.peers)
        setup, target = self._setup(PREPARING_TOKENS), self._prepared()
        if target is None or target.is_dir():
            return
        script, environment = self.spec.exporter or (self.spec.script, self.spec.environment)
        unfinished = target.with_name(f".{target.name}.{os.getpid()}")
        unfinished.mkdir(parents=True)
        try:
            prepare(python_of(environment, self.arena.peers), script, {**setup, "prepared": str(unfinished)})
            unfinished.rename(target)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def start(self, max_tokens: int) -> EngineProcess:
        """Load it in a new process, with texts cut at ``max_tokens``.

        Raises:
            EngineFailure: it does not load.
        """
        if self.python is None:
            raise EngineFailure("it was not prepared")
        process = EngineProcess(self.python, self.spec.script, self._setup(max_tokens))
        if process.ready is not None:
            self.runs, self.versions = process.ready.runs, process.ready.versions
        return process

    def result(self) -> EngineResult:
        """All that was measured."""
        return EngineResult(
            name=self.spec.name,
            label=self.spec.label,
            environment=self.spec.environment,
            runs=self.runs,
            versions=self.versions,
            install_size_bytes=install_size_bytes(self.spec, self.arena.peers),
            throughput=self.throughput,
            latency_s=tuple(self.latency_s),
            cold_starts=tuple(self.cold_starts),
            accuracy=self.accuracy,
            idle_share=self.idle_share,
            problem=self.problem,
        )

    def _prepared(self) -> Path | None:
        """Where its exported model is kept: a folder for each checkpoint, export and kind."""
        facts = self.arena.measured.facts
        if self.spec.export is None:
            return None
        name = f"{self.spec.export.replace(':', '-')}-{facts.kind}"
        return (self.arena.peers / "models" / str(facts.checkpoint) / name).absolute()

    def _setup(self, max_tokens: int) -> Setup:
        measured, settings = self.arena.measured, self.arena.settings
        model = measured.bundle.path if self.spec.is_claxon else measured.checkpoint
        if model is None:
            raise EngineFailure("it runs the checkpoint, and none was given; add --checkpoint FOLDER")
        prepared = self._prepared()
        return Setup(
            action="serve",
            kind=measured.facts.kind,
            model=str(model.absolute()),
            prepared=None if prepared is None else str(prepared),
            variant=self.spec.variant,
            head=measured.facts.head,
            device=self.spec.device,
            precision=self.spec.precision,
            threads=settings.threads,
            max_tokens=max_tokens,
            batch_size=settings.batch_size,
            quantization=onnx_quantization(self.arena.machine),
            pooling=measured.pooling,
            normalize=measured.normalizes,
            width=max(measured.encoder.features.values()),
        )


def prepared(specs: Sequence[EngineSpec], arena: Arena, tell: Callable[[str], None]) -> list[Contender]:
    """Contenders of the specs, ready to start or with the reason why not."""
    contenders = [Contender(spec, arena) for spec in specs]
    for contender in contenders:
        tell(f"preparing {contender.spec.name}")
        with contender.may_fail():
            contender.prepare()
    return contenders
