"""Two processes that write one target at the same time: one wins whole; the other does too, or says that it did not."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import claxon
import claxon_export
from claxon.bundle.bundle import Bundle
from claxon.errors import ClaxonError
from reliability.operations import Ended, Running
from reliability.part import Outcome, Settings
from reliability.writing_jobs import BUNDLE, LABELS, TEXTS, Sources, write_sources

ROUNDS = 50  # of each pair
MOST_DELAY_S = 0.3  # of the second one: the two end in either order

Writer = Callable[[Sources, Path], object]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two writers of one bundle.

    Attributes:
        heads: That a writer adds, by its number; those of all who said that they were done must be there.
        most_done: Writers that may say so.
    """

    name: str
    writers: tuple[Writer, Writer]
    is_over_old: bool
    heads: tuple[str | None, str | None] = (None, None)
    most_done: int = 2


def run(settings: Settings) -> Outcome:
    """Run every pair ``ROUNDS`` times."""
    start, counts, failures = time.perf_counter(), Counter[str](), list[str]()
    sources = write_sources(settings.folder / "sources", settings.seed)
    draw, place = random.Random(settings.seed), settings.folder / "place"
    for pair in PAIRS:
        for number in range(settings.scaled(ROUNDS)):
            counts["rounds"] += 1
            delays = [0.0, draw.uniform(0, MOST_DELAY_S)]
            draw.shuffle(delays)
            found = _problems(pair, sources, place, delays, counts)
            failures += [f"{pair.name}, round {number}: {problem}" for problem in found]
    return Outcome("two_writers", time.perf_counter() - start, dict(counts), failures)


def _problems(pair: Pair, sources: Sources, place: Path, delays: list[float], counts: Counter[str]) -> Iterator[str]:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    if pair.is_over_old:
        shutil.copytree(sources.bundle, place / BUNDLE)
    running = [
        Running(partial(_after, delay, writer, sources, place), place)
        for delay, writer in zip(delays, pair.writers, strict=True)
    ]
    ended = [process.ended() for process in running]
    done = sum(not one.error for one in ended)
    counts["both_done"] += done == 2
    counts["one_done_and_one_typed_error"] += done == 1
    yield from (one.error for one in ended if not one.is_typed)
    if not 1 <= done <= pair.most_done:
        yield f"{done} of two say that they are done: {'; '.join(one.error for one in ended)}"
    yield from _looks(pair, place / BUNDLE, ended)
    yield from (f"left behind: {path.name}" for path in place.iterdir() if path.name != BUNDLE)


def _looks(pair: Pair, bundle: Path, ended: list[Ended]) -> Iterator[str]:
    """What is wrong with the bundle, or missing from it."""
    try:
        Bundle.open(bundle).verify()
        heads = {head.name for head in Bundle.open(bundle).manifest.heads}
        with claxon.Encoder.load(bundle) as encoder:
            encoder.encode(TEXTS[:1])
    except (ClaxonError, OSError) as error:
        yield f"{type(error).__name__}: {error}"
        return
    for head, one in zip(pair.heads, ended, strict=True):
        if head is not None and not one.error and head not in heads:
            yield f"lost: the head {head}, whose writer was told that it is there"


def _after(delay_s: float, writer: Writer, sources: Sources, place: Path) -> None:
    time.sleep(delay_s)
    writer(sources, place)


def _export(sources: Sources, place: Path, *, force: bool) -> None:
    claxon_export.export(sources.checkpoint, place / BUNDLE, verify=False, force=force)


def _fit(_: Sources, place: Path, *, head: str, force: bool) -> None:
    claxon_export.fit(place / BUNDLE, TEXTS, LABELS, head=head, test_size=0, cache=False, force=force)


_NEW, _OVER = partial(_export, force=False), partial(_export, force=True)
_FIRST, _SECOND = partial(_fit, head="first", force=False), partial(_fit, head="second", force=False)

PAIRS = (
    Pair("export beside export, nothing there", (_NEW, _NEW), is_over_old=False, most_done=1),
    Pair("export over export", (_OVER, _OVER), is_over_old=True),
    Pair("fit beside fit", (_FIRST, _SECOND), is_over_old=True, heads=("first", "second")),
    Pair("fit beside export", (_FIRST, _OVER), is_over_old=True),
)
