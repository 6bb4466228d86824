"""Progress as lines on standard error, where no bar can be drawn, and the steps of a long task."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

INTERVAL_S = 30.0
PREFIX = "claxon: "
CLEAR_LINE = "\r\x1b[K"


def can_redraw() -> bool:
    """Whether standard error is a terminal or a notebook, where a line can be redrawn."""
    return sys.stderr.isatty() or "ipykernel" in sys.modules


class ProgressLines:
    """Progress as plain lines: one at the start, then one every 30 seconds with the rate and the time left.

    Args:
        total: How many there are; ``None`` where nobody knows.
        unit: What is counted, in the singular or the plural.
        description: What is done to them, such as ``encoding``.
        clock: In seconds.
    """

    def __init__(
        self, total: int | None, unit: str, description: str = "", clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Write the first line."""
        self._total, self._clock = total, clock
        self._unit = unit.strip() if unit.strip().endswith(("s", "B")) else f"{unit.strip()}s"
        self._what = description or "running"
        self._done, self._start = 0, clock()
        self._written = self._start
        _write_line(self._what if total is None else f"{self._what} {total:,} {self._unit}")

    def update(self, n: int) -> object:
        """Count ``n`` more, and write a line if the last one is 30 seconds old."""
        self._done += n
        now = self._clock()
        if now - self._written >= INTERVAL_S:
            self._written = now
            _write_line(self._line(now - self._start))
        return n

    def set_postfix_str(self, s: str, refresh: bool) -> object:
        """Ignore the postfix; lines have none."""
        return s, refresh

    def _line(self, elapsed_s: float) -> str:
        rate = self._done / elapsed_s
        done, speed = f"{self._done:,}", f"{rate:,.1f} {self._unit} per second"
        if self._total is None:
            return f"{self._what}: {done} {self._unit}, {speed}"
        left = f", {duration((self._total - self._done) / rate)} left" if rate else ""
        return f"{self._what}: {done} of {self._total:,} {self._unit}, {speed}{left}"


@contextmanager
def steps(*, is_shown: bool) -> Iterator[Callable[[str], None]]:
    """Report the steps of a long task by a function that takes the name of the step that begins.

    On a terminal one line is redrawn with each step, and cleared at the end. Elsewhere each step is a line of its own.
    """
    is_redrawn = is_shown and sys.stderr.isatty()

    def begin(step: str) -> None:
        if is_redrawn:
            sys.stderr.write(f"{CLEAR_LINE}{PREFIX}{step} …")
            sys.stderr.flush()
        elif is_shown:
            _write_line(step)

    try:
        yield begin
    finally:
        if is_redrawn:
            sys.stderr.write(CLEAR_LINE)
            sys.stderr.flush()


def duration(seconds: float) -> str:
    """Seconds in words: ``42 s``, ``2 min 5 s``, ``1 h 4 min``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _write_line(text: str) -> None:
    print(f"{PREFIX}{text}", file=sys.stderr, flush=True)
