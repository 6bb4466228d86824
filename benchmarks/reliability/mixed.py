"""Mixed calls in one process: memory grows by less than 50 MB, no descriptor leaks, no answer changes."""

from __future__ import annotations

from claxon_bench.soak import Soak, soak, write_soak
from reliability.guarded import alone
from reliability.part import Outcome, Settings

CALLS = 100_000
LIMIT_S = 48 * 3600.0  # a large bundle takes a third of a second a call
MIB = 1 << 20


def run(settings: Settings) -> Outcome:
    """Make ``CALLS`` calls in a process of its own."""
    return alone(calls, settings, LIMIT_S)


def calls(settings: Settings) -> Outcome:
    """Make the calls; the plot and the samples behind it go to the results, as ``soak.*``."""
    found = soak(settings.bundle, calls=settings.scaled(CALLS), seed=settings.seed)
    if settings.results is not None:
        write_soak(found, settings.results)
    return told(found)


def told(found: Soak) -> Outcome:
    """What was found, in figures."""
    first, last = found.samples[0], found.samples[-1]
    counts: dict[str, int | float] = {
        "calls": found.calls,
        "texts": found.texts,
        "MiB_more": round(found.growth_bytes / MIB, 1),
        "descriptors_more": last.descriptors - first.descriptors,
        "changed_answers": len(found.changed),
    }
    return Outcome("mixed", found.seconds, counts, list(found.problems))
