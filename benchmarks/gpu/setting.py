"""What all parts of the check are given: device, sizes, folders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from claxon.engine.providers import Device

# Parts in their order, with the seconds that each may take; a part stops at its budget, and the next begins.
BUDGETS = {"models": 50, "found": 10, "right": 90, "fast": 220, "where": 15, "choose": 90}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is run.

    Attributes:
        layers: Of the models that are made; ``None``: those of the published ones.
        width: Of the same.
        texts: Texts of a throughput run on the device; a quarter of them on the CPU.
        rounds: Timed rounds.
        latencies: Runs of one text.
        batches: Texts a batch, where the GPU is compared with the CPU.
        calls: Calls of changing shapes, for memory.
        threads: Callers of one session.
        budgets: Padded tokens a batch that are tried.
        cold_starts: New processes of each library.
        too_large: Texts a batch beyond the memory that the part `right` allows.
    """

    layers: int | None = None
    width: int | None = None
    texts: int = 2_048
    rounds: int = 3
    latencies: int = 200
    batches: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64, 128, 256)
    calls: int = 1_000
    threads: int = 16
    budgets: tuple[int, ...] = (2_048, 4_096, 8_192, 16_384, 32_768, 65_536)
    too_large: int = 4_000
    cold_starts: int = 2


FULL = Sizes()
TINY = Sizes(2, 48, 24, 1, 4, (1, 4), 12, 3, (256, 1_024), 64, 1)


@dataclass(frozen=True, slots=True)
class Subject:
    """A model that is measured: its checkpoint, and the bundle made of it."""

    name: str
    checkpoint: Path
    bundle: Path


@dataclass(frozen=True, slots=True)
class Setting:
    """One run of the check.

    Attributes:
        device: ``cuda``; or ``cpu``, a rehearsal of all that can run without a GPU, on tiny models.
        folder: Models and bundles; kept, and used again.
        checkpoints: More models, beside the two that are made.
    """

    device: Device
    folder: Path
    checkpoints: tuple[Path, ...] = ()

    @property
    def sizes(self) -> Sizes:
        """Full on CUDA, tiny in a rehearsal."""
        return FULL if self.device is Device.CUDA else TINY

    @property
    def precisions(self) -> tuple[str, ...]:
        """What the device runs: float16 has no kernels on the CPU."""
        return ("fp32", "fp16") if self.device is Device.CUDA else ("fp32",)

    @property
    def fastest(self) -> str:
        """The precision that Claxon takes on the device."""
        return self.precisions[-1]

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """The models that are made, and those that were named."""
        folders = [self.folder / "mpnet-random", self.folder / "distilbert-random", *self.checkpoints]
        return tuple(Subject(folder.name, folder, self.folder / f"{folder.name}-bundle") for folder in folders)

    @property
    def large(self) -> tuple[Subject, ...]:
        """The two full-size models, on which speed is measured."""
        return self.subjects[:2]


def known_parts(names: Sequence[str]) -> tuple[str, ...]:
    """The named parts in their order; all without any."""
    return tuple(part for part in BUDGETS if not names or part in names)
