"""How a head is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from claxon.engine.providers import Device
from claxon.engine.selection import AUTO
from claxon.errors import OptionError
from claxon.support.validation import count

BALANCED = "balanced"


@dataclass(frozen=True, slots=True)
class FitOptions:
    """What ``fit`` is given; each option is told there."""

    head: str
    feature: str | None = None
    C: float | str = 1.0
    max_iter: int = 1000
    class_weight: str | None = None
    test_size: float = 0.2
    seed: int = 0
    calibrate: bool = False
    few_shot: int | Sequence[int] | None = None
    precision: str = AUTO
    device: str = Device.AUTO
    threads: int | None = None
    cache: bool = True
    force: bool = False
    show_progress_bar: bool = False

    @property
    def strength(self) -> float | None:
        """``C`` as a number; ``None`` where cross-validation is to choose it."""
        return None if self.C == AUTO else float(self.C)

    @property
    def is_weighted(self) -> bool:
        """Whether rare labels weigh more."""
        return self.class_weight == BALANCED

    def check(self) -> None:
        """Raise ``OptionError`` at the first value that is invalid."""
        if not 0 <= self.test_size < 1:
            raise OptionError(f"test_size is {self.test_size!r}, expected 0 or more and below 1")
        if self.class_weight not in (None, BALANCED):
            raise OptionError(f"class_weight is {self.class_weight!r}, expected None or {BALANCED!r}")
        is_number = isinstance(self.C, int | float) and not isinstance(self.C, bool)
        if self.C != AUTO and not (is_number and 0 < float(self.C) < float("inf")):
            raise OptionError(f"C is {self.C!r}, expected a number above 0, or {AUTO!r}")
        if self.max_iter < 1:
            raise OptionError(f"max_iter is {self.max_iter!r}, expected 1 or more")
        if not 0 <= self.seed < 1 << 32:
            raise OptionError(f"seed is {self.seed!r}, expected 0 to {(1 << 32) - 1}")
        count("threads", self.threads, none_means="what this process may use")
        self._check_few_shot()

    def _check_few_shot(self) -> None:
        if self.few_shot is None:
            return
        sizes = [self.few_shot] if isinstance(self.few_shot, int) else list(self.few_shot)
        if not sizes or any(isinstance(size, bool) or not isinstance(size, int) or size < 1 for size in sizes):
            raise OptionError(
                f"few_shot is {self.few_shot!r}, expected labels per class, 1 or more: a number or several"
            )
        if self.test_size == 0:
            raise OptionError("few_shot is evaluated on held-out texts, and test_size is 0; hold some out")
