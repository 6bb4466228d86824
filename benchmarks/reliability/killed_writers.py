"""Writers killed before an operation on a file or at any moment: the target is old or new, and a rerun tidies up."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from claxon.errors import ClaxonError
from reliability.operations import Ended, Kill
from reliability.operations import run as run_apart
from reliability.part import Outcome, Settings
from reliability.writing_jobs import JOBS, Job, Sources, fingerprint, prepare, write_sources

# By job: how often it is killed, before an operation and at any moment.
POINTS = {
    "export": (50, 10),
    "export over a bundle": (50, 10),
    "fit": (50, 10),
    "report": (20, 5),
    "predict -o": (10, 5),
    "embed -o": (10, 5),
    "feature cache": (10, 5),
}


@dataclass(slots=True)
class Found:
    """What has come out so far."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def run(settings: Settings) -> Outcome:
    """Kill every job of ``POINTS``, look at what is there, run it again, and look at what is left."""
    start, found = time.perf_counter(), Found()
    sources = write_sources(settings.folder / "sources", settings.seed)
    for name, (operations, moments) in POINTS.items():
        trial = Trial.of(JOBS[name], sources, settings.folder / "place")
        draw = random.Random(f"{settings.seed} {name}")
        for kill in trial.kills(draw, settings.scaled(operations), settings.scaled(moments)):
            found.counts["kills"] += 1
            found.failures += [f"{name}, {kill}: {problem}" for problem in trial.problems(kill, found.counts)]
    return Outcome("killed_writers", time.perf_counter() - start, dict(found.counts), found.failures)


@dataclass(frozen=True, slots=True)
class Trial:
    """A job, and what it does if nobody kills it.

    Attributes:
        whole: Fingerprints of the target that are right: before, and after.
    """

    job: Job
    sources: Sources
    place: Path
    undisturbed: Ended
    whole: frozenset[str | None]

    @classmethod
    def of(cls, job: Job, sources: Sources, place: Path) -> Trial:
        """Run the job to its end once.

        Raises:
            RuntimeError: it fails by itself.
        """
        shutil.rmtree(place, ignore_errors=True)
        prepare(job, sources, place)
        before = fingerprint(place / job.target)
        undisturbed = run_apart(partial(job.run, sources, place), place)
        if undisturbed.error:
            raise RuntimeError(f"{job.name}: {undisturbed.error}")
        return cls(job, sources, place, undisturbed, frozenset({before, fingerprint(place / job.target)}))

    def kills(self, draw: random.Random, operations: int, moments: int) -> Iterator[Kill]:
        """Before different operations, the last one among them; and after seconds of the undisturbed run."""
        last = self.undisturbed.operations
        others = draw.sample(range(1, last), min(operations, last) - 1)
        yield from (Kill(operation=number) for number in sorted([*others, last]))
        missing = max(0, operations - last)
        yield from (Kill(after_s=draw.uniform(0, self.undisturbed.seconds)) for _ in range(moments + missing))

    def problems(self, kill: Kill, counts: Counter[str]) -> Iterator[str]:
        """Kill, look, run again, look; counts whether the old one, the new one or nothing was found."""
        shutil.rmtree(self.place)
        prepare(self.job, self.sources, self.place)
        before, action = fingerprint(self.target), partial(self.job.run, self.sources, self.place)
        ended = run_apart(action, self.place, kill)
        if not ended.was_killed and kill.operation is not None:
            yield f"not killed: {ended.error or 'it had ended'}"
        counts["old_targets"] += fingerprint(self.target) == before
        counts["new_targets"] += fingerprint(self.target) != before
        counts["tidied_up_by_the_rerun"] += len(self._others()) > 0
        yield from self._look("killed")
        again = run_apart(action, self.place)
        if again.error:
            yield f"a rerun failed: {again.error}"
        yield from self._look("run again")
        yield from (f"left after the rerun: {name}" for name in self._others())

    @property
    def target(self) -> Path:
        """Where the job writes."""
        return self.place / self.job.target

    def _others(self) -> list[str]:
        beside = [path.name for path in self.place.iterdir() if path != self.target]
        inside = self.target.rglob("*.unfinished") if self.target.is_dir() else ()
        return [*beside, *(path.name for path in inside)]

    def _look(self, when: str) -> Iterator[str]:
        if self.job.repeatable and fingerprint(self.target) not in self.whole:
            yield f"{when}: neither the old target nor the new one"
        if not self.target.exists():
            return
        try:
            self.job.look(self.target)
        except (ClaxonError, OSError, ValueError) as error:
            yield f"{when}: {type(error).__name__}: {error}"
