"""What a part of the campaign is given, and what it gives: ``run(settings) -> Outcome`` in a module of its own.

The first line of the module's docstring tells what the part does; the table of all parts shows it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """How a part is run.

    Attributes:
        bundle: What it is run on; it is not changed.
        folder: Scratch, empty, the part's own; left behind, for what is found is saved there.
        seed: The same seed makes the same cases.
        scale: 1.0 is the promised size; smaller for tests.
        results: For pictures and raw figures; ``None`` where none are wanted.
    """

    bundle: Path
    folder: Path
    seed: int = 0
    scale: float = 1.0
    results: Path | None = None

    def scaled(self, count: int) -> int:
        """So many of ``count`` as the scale says, one at least."""
        return max(1, round(count * self.scale))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a part found.

    Attributes:
        name: The part's.
        seconds: It took.
        counts: Figures by name, in the order in which they are told.
        failures: What should not have been, one line each; empty if all is well.
        not_run: Why nothing was tried, which is no success; ``None`` where it was.
    """

    name: str
    seconds: float
    counts: dict[str, int | float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    not_run: str | None = None

    @property
    def is_success(self) -> bool:
        """Whether it ran and found nothing."""
        return not self.failures and self.not_run is None


def is_installed(package: str) -> bool:
    """Whether a package that a part needs is there."""
    return find_spec(package) is not None
