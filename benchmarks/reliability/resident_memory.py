"""Memory of a process and its workers while they work, sampled and drawn."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from claxon_bench import figure_style
from reliability.process_family import resident_bytes, workers_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MIB = 1 << 20
# Of a process's time; memory is compared from there on, when the model is loaded and every buffer has its size.
WARM_UP = 0.1
SHADES = (figure_style.OURS, figure_style.OUTLINE, figure_style.OURS_LIGHT, figure_style.THEIRS)


@dataclass(frozen=True, slots=True)
class Memory:
    """One process's resident memory.

    Attributes:
        name: What the process is.
        seconds: When, from the first sample of all.
        resident: Bytes then.
    """

    name: str
    seconds: tuple[float, ...]
    resident: tuple[int, ...]

    @property
    def settled(self) -> tuple[int, ...]:
        """The samples after the warm-up."""
        first, last = self.seconds[0], self.seconds[-1]
        return tuple(
            found
            for at, found in zip(self.seconds, self.resident, strict=True)
            if at >= first + WARM_UP * (last - first)
        )

    @property
    def most_bytes(self) -> int:
        """The most of all samples."""
        return max(self.resident)

    @property
    def growth_bytes(self) -> int:
        """Mean of the last tenth of the settled samples above that of the first tenth."""
        settled = self.settled
        share = max(1, len(settled) // 10)
        return round(sum(settled[-share:]) / share - sum(settled[:share]) / share)


class Sampler:
    """Looks at a process and its workers every so often; ``memories`` are complete when the block has ended."""

    def __init__(self, pid: int, every_s: float) -> None:
        self._pid = pid
        self._every_s = every_s
        self._began = time.monotonic()
        self._samples: dict[int, list[tuple[float, int]]] = {}
        self._is_over = threading.Event()

    @contextmanager
    def sampling(self) -> Iterator[None]:
        """Sample while the block lasts."""
        thread = threading.Thread(target=self._sample, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            thread.join()

    @property
    def memories(self) -> list[Memory]:
        """Those of the process, ``job``, and of its workers in the order in which they came."""
        found = []
        for number, samples in enumerate(self._samples.values()):
            name = f"worker {number}" if number else "job"
            found.append(Memory(name, tuple(at for at, _ in samples), tuple(resident for _, resident in samples)))
        return found

    def _sample(self) -> None:
        while not self._is_over.wait(self._every_s):
            at = round(time.monotonic() - self._began, 3)
            for pid in [self._pid, *workers_of(self._pid)]:
                resident = resident_bytes(pid)
                if resident:
                    self._samples.setdefault(pid, []).append((at, resident))


def draw(memories: Sequence[Memory], title: str, note: str) -> Figure:
    """Resident memory over time, a line a process, named at its end."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(figure_style.STYLE):
        figure = Figure(figsize=(7.6, 3.6), layout="constrained")
        axis = figure.subplots()
        for memory, shade in zip(memories, SHADES * len(memories), strict=False):
            minutes = [at / 60 for at in memory.seconds]
            mib = [resident / MIB for resident in memory.resident]
            axis.plot(minutes, mib, color=shade, linewidth=1.4, label=f"{memory.name}, most {max(mib):,.0f} MiB")
        axis.set_xlabel("minutes")
        axis.set_ylabel("resident memory (MiB)")
        axis.set_ylim(bottom=0)
        axis.set_xlim(left=0)
        axis.grid(axis="y")
        axis.legend(loc="lower right")
        figure_style.titled(figure, title, note)
    return figure
