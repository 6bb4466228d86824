"""Many mixed calls in one process: whether memory grows, descriptors leak, or an answer changes.

``python -m reliability mixed --bundle BUNDLE`` makes them, and writes what was found.
"""

from __future__ import annotations

import gc
import json
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import claxon
from claxon.bundle.bundle import Bundle
from claxon.formats.writers import open_output
from claxon.storage.strict_json import encode
from claxon.support.progress import progress
from claxon_bench import figure_style
from claxon_bench.errors import BenchmarkError
from claxon_bench.machine import this_machine
from claxon_bench.results import Machine

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_GROWTH_BYTES = 50 << 20
SAMPLES = 200
WARM_UP = 0.2  # of the calls; memory is compared from there on
RELOADED_EVERY = 250
STATUS = Path("/proc/self/status")
WORDS = [
    "the",
    "a",
    "good",
    "bad",
    "great",
    "awful",
    "book",
    "film",
    "phone",
    "food",
    "room",
    "service",
    "works",
    "broke",
    "late",
    "today",
    "naïve",
    "中文",
    "😀",
    "[SEP]",
]
PROBE = ["great book", "", "the phone broke today " * 20, "中文 😀"]


@dataclass(frozen=True, slots=True)
class Sample:
    """What the process held after so many calls."""

    calls: int
    resident_bytes: int
    descriptors: int
    threads: int


@dataclass(frozen=True, slots=True)
class Soak:
    """All that was seen, and under what conditions.

    Attributes:
        changed: Calls after which the probe texts had features that are not bit-for-bit those of the beginning.
        errors: Calls that raised anything but the ``InputError`` that odd texts ask for, by its name. A bundle that
            cannot be loaded anew ends the run.
        calls_asked: How many were wanted; ``calls`` were made. ``None`` where it was not noted.
        threads: That were asked for, ``None`` for the default.
    """

    bundle: str
    digest: str
    runs: str
    machine: Machine
    seed: int
    calls: int
    texts: int
    seconds: float
    samples: tuple[Sample, ...]
    changed: tuple[int, ...]
    errors: tuple[str, ...]
    calls_asked: int | None = None
    threads: int | None = None

    @property
    def growth_bytes(self) -> int:
        """The most that resident memory rose above what it was after the warm-up."""
        settled = [sample for sample in self.samples if sample.calls >= WARM_UP * self.calls]
        return max(sample.resident_bytes for sample in settled) - settled[0].resident_bytes

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong, in words."""
        first, last = self.samples[0], self.samples[-1]
        found = {
            f"memory grew by {self.growth_bytes / (1 << 20):.0f} MiB after the warm-up": self.growth_bytes
            > MOST_GROWTH_BYTES,
            f"{last.descriptors - first.descriptors} descriptors leaked": last.descriptors > first.descriptors,
            f"answers changed after calls {self.changed[:3]}": bool(self.changed),
            f"unexpected errors: {self.errors[:3]}": bool(self.errors),
        }
        return tuple(problem for problem, is_there in found.items() if is_there)


class Caller:
    """Makes mixed calls on a bundle, the same ones for the same seed."""

    def __init__(self, bundle: Path, seed: int, threads: int | None) -> None:
        self._bundle, self._threads = bundle, threads
        self._random = random.Random(seed)
        self.texts = 0
        self.errors: list[str] = []
        self.encoder = claxon.Encoder.load(bundle, threads=threads)
        self.load()
        self._expected = self._probe()

    def load(self) -> None:
        """Load the bundle anew."""
        self.is_loaded = False
        self.encoder.close()
        self.encoder = claxon.Encoder.load(self._bundle, threads=self._threads)
        heads = Bundle.open(self._bundle).manifest.heads
        self._classifier = claxon.load(self._bundle, threads=self._threads) if heads else None
        self.is_loaded = True

    def call(self, number: int) -> None:
        """One call of some kind, on some texts, some of which may be none."""
        texts = [self._text() for _ in range(self._random.choice((1, 1, 1, 2, 4, 8, 32)))]
        self.texts += len(texts)
        try:
            if number and number % RELOADED_EVERY == 0:
                self.load()
            self._call(texts)
        except claxon.InputError:
            pass
        except Exception as error:  # whatever else happens is what is looked for
            self.errors.append(f"call {number}: {type(error).__name__}: {error}")

    def _call(self, texts: list[Any]) -> None:
        kind = self._random.randrange(6)
        if kind == 0:
            self.encoder.features(texts, on_truncation="ignore", errors="record")
        elif kind == 1:
            self.encoder.features(texts, on_truncation="error")
        elif kind == 2:
            self.encoder.features(texts, batch_size=self._random.choice((1, 3, 16)), on_truncation="ignore")
        elif kind == 3 or self._classifier is None:
            self.encoder.features((text for text in texts), on_truncation="ignore")
        elif kind == 4:
            self._classifier.predict_all(texts, on_truncation="ignore", errors="record")
        else:
            self._classifier.predictions_all(texts, threshold=0.5, on_truncation="ignore")

    def _text(self) -> Any:
        draw = self._random.random()
        if draw < 0.005:
            return self._random.choice((None, 3, b"x", "\ud800", float("nan")))
        if draw < 0.006:
            return self._random.choice("a \0é") * 100_000
        length = min(int(self._random.lognormvariate(2.2, 1.0)), 400)
        return " ".join(self._random.choices(WORDS, k=length))

    def _probe(self) -> np.ndarray[Any, Any]:
        features = self.encoder.features(PROBE, on_truncation="ignore", batch_size=len(PROBE))
        return np.concatenate(list(features.values.values()), axis=1)

    def is_unchanged(self) -> bool:
        """Whether the probe's features are bit-for-bit those of the beginning."""
        return bool((self._probe() == self._expected).all())


def soak(bundle: Path, *, calls: int, seed: int = 0, threads: int | None = None) -> Soak:
    """Make ``calls`` calls, or as many as there are until the bundle cannot be loaded anew.

    Raises:
        BenchmarkError: the system does not tell what a process holds.
        ClaxonError: as ``Encoder.load``.
    """
    caller = Caller(bundle, seed, threads)
    encoder = caller.encoder
    digest, runs = encoder.bundle.digest, f"{encoder.precision} on {encoder.device}"
    samples, changed, start = [sample(0)], [], time.perf_counter()
    every, number = max(1, calls // SAMPLES), 0
    with progress(calls, unit=" calls", is_shown=sys.stderr.isatty()) as bar:
        for number in range(1, calls + 1):
            caller.call(number)
            bar.update(1)
            is_last = not caller.is_loaded
            if number % every == 0 or is_last:
                samples.append(sample(number))
                changed += [number] if caller.is_loaded and not caller.is_unchanged() else []
            if is_last:
                break
    return Soak(
        bundle=bundle.name, digest=digest, runs=runs,
        machine=this_machine(), seed=seed, calls=number, texts=caller.texts, seconds=time.perf_counter() - start,
        samples=tuple(samples), changed=tuple(changed), errors=tuple(caller.errors), calls_asked=calls,
        threads=threads,
    )  # fmt: skip


def sample(calls: int) -> Sample:
    """What this process holds now.

    Raises:
        BenchmarkError: as ``soak``.
    """
    gc.collect()
    try:
        status = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
        descriptors = len(list(STATUS.with_name("fd").iterdir()))
    except OSError as error:
        raise BenchmarkError(f"{STATUS} cannot be read ({error.strerror}); a soak needs Linux") from error
    return Sample(calls, int(status["VmRSS"].split()[0]) << 10, descriptors, int(status["Threads"]))


def soak_plot(found: Soak) -> Figure:
    """Resident memory over calls."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.6, 3.4), layout="constrained")
    axis = figure.subplots()
    calls = [point.calls for point in found.samples]
    resident = [point.resident_bytes / (1 << 20) for point in found.samples]
    axis.plot(calls, resident, color=figure_style.OURS, linewidth=1.6)
    axis.axvline(WARM_UP * found.calls, color=figure_style.OUTLINE, linewidth=0.8, linestyle=":")
    axis.annotate(
        "compared from here", (WARM_UP * found.calls, 0.04), xycoords=("data", "axes fraction"), xytext=(4, 0),
        textcoords="offset points", fontsize=8, color=figure_style.OUTLINE,
    )  # fmt: skip
    axis.set_ylim(0, max(resident) * 1.15)
    axis.set_xlim(0, found.calls)
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axis.set_xlabel("calls")
    axis.set_ylabel("resident memory, MiB")
    axis.grid(axis="y")
    title = f"{found.bundle}: {found.calls:,} mixed calls, {found.growth_bytes / (1 << 20):.1f} MiB more at most"
    note = f"{found.texts:,} texts, {found.runs}, {found.seconds / 60:.0f} min · {found.machine.processor}"
    return figure_style.titled(figure, title, note)


def to_json(found: Soak) -> dict[str, Any]:
    """As JSON's objects and arrays, with what follows from them."""
    return {"growth_bytes": found.growth_bytes, "problems": list(found.problems), **encode(found)}


def write_soak(found: Soak, folder: Path) -> None:
    """Write ``soak.json``, ``soak.png`` and ``soak.svg``.

    Raises:
        OSError: a file cannot be written.
    """
    import matplotlib

    folder.mkdir(parents=True, exist_ok=True)
    with open_output(str(folder / "soak.json")) as stream:
        stream.write((json.dumps(to_json(found), indent=2, ensure_ascii=False) + "\n").encode())
    with matplotlib.rc_context(figure_style.STYLE):
        figure_style.save(soak_plot(found), folder / "soak")
