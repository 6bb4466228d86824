"""32 threads on one classifier: every call gives what it gives alone, bit for bit."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import claxon
from reliability.guarded import alone
from reliability.part import Outcome, Settings
from reliability.random_texts import mixed_texts

THREADS = 32
CALLS = 10_000  # of each thread
BATCHES = 64  # different ones, so that threads meet others at all stages
LIMIT_S = 7200.0
MOST_KEPT = 20


@dataclass(frozen=True, slots=True)
class Mismatches:
    """What one thread found: how many calls it made, and how some of them differed."""

    calls: int
    differing: int
    words: tuple[str, ...]


def run(settings: Settings) -> Outcome:
    """Make ``CALLS`` calls in each thread, in a process of its own."""
    return alone(compare, settings, LIMIT_S)


def compare(settings: Settings) -> Outcome:
    """Answer every batch alone, then all of them from many threads at once."""
    start = time.perf_counter()
    calls = settings.scaled(CALLS)
    batches = [mixed_texts(random.Random(f"{settings.seed} {number}")) for number in range(BATCHES)]
    with claxon.load(settings.bundle) as classifier:
        serial = [answer(classifier, texts) for texts in batches]

        def one_thread(number: int) -> Mismatches:
            return _compared(classifier, batches, serial, random.Random(f"{settings.seed} thread {number}"), calls)

        with ThreadPoolExecutor(THREADS) as pool:
            found = list(pool.map(one_thread, range(THREADS)))
    counts: dict[str, int | float] = {
        "threads": THREADS,
        "calls": sum(mismatches.calls for mismatches in found),
        "differing": sum(mismatches.differing for mismatches in found),
    }
    failures = [words for mismatches in found for words in mismatches.words]
    return Outcome("threads", time.perf_counter() - start, counts, failures)


def answer(classifier: claxon.Classifier, texts: Sequence[str]) -> bytes:
    """All that the heads say about some texts."""
    found = classifier.predictions_all(texts, on_truncation="ignore")
    return b"".join(
        part for name in sorted(found) for part in (found[name].scores.tobytes(), found[name].n_tokens.tobytes())
    )


def _compared(
    classifier: claxon.Classifier,
    batches: Sequence[Sequence[str]],
    serial: Sequence[bytes],
    draw: random.Random,
    calls: int,
) -> Mismatches:
    differing, words = 0, []
    for _ in range(calls):
        number = draw.randrange(len(batches))
        try:
            problem = "" if answer(classifier, batches[number]) == serial[number] else "another answer than alone"
        except Exception as error:  # whatever a thread meets is what is looked for
            problem = f"{type(error).__name__}: {error}"
        if problem:
            differing += 1
            words.append(f"batch {number}: {problem}")
    return Mismatches(calls, differing, tuple(words[:MOST_KEPT]))
