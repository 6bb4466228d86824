"""Texts and options of any kind, from hypothesis: right shapes and order, the same answers one by one, typed errors."""

from __future__ import annotations

import time
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import claxon
from claxon.bundle.bundle import Bundle
from reliability.guarded import alone
from reliability.part import Outcome, Settings, is_installed

EXAMPLES = 2_000  # of each property
LIMITS = (None, 5, 12)  # of tokens
LIMIT_S = 7200.0
NOTES = 3  # lines of hypothesis's that are kept: the example that fails is among them


def run(settings: Settings) -> Outcome:
    """Try ``EXAMPLES`` examples of each property, in a process of its own."""
    if not is_installed("hypothesis"):
        return Outcome("properties", 0.0, not_run="hypothesis is not installed; pip install hypothesis")
    return alone(hold, settings, LIMIT_S)


def hold(settings: Settings) -> Outcome:
    """Try all properties."""
    from reliability.property_checks import PROPERTIES, cases

    start = time.perf_counter()
    warnings.simplefilter("ignore")
    tried: Counter[str] = Counter()
    with ExitStack() as opened:
        classifiers = _loaded(settings.bundle, opened)
        found = {
            name: _failure(partial(_counted, check, tried, name), cases(classifiers), settings)
            for name, check in PROPERTIES.items()
        }
    failures = [f"{name}: {failure}" for name, failure in found.items() if failure is not None]
    return Outcome("properties", time.perf_counter() - start, dict(tried), failures)


def _loaded(bundle: Path, opened: ExitStack) -> dict[str, claxon.Classifier]:
    """The bundle in every precision that the CPU runs, at several limits."""
    variants = [variant for variant in Bundle.open(bundle).manifest.encoder.variants if "cpu" in variant.devices]
    return {
        f"{variant.precision}, max_tokens={limit}": opened.enter_context(
            claxon.load(bundle, device="cpu", precision=str(variant.precision), max_tokens=limit, threads=1)
        )
        for variant in variants
        for limit in LIMITS
    }


def _counted(check: Callable[[Any], None], tried: Counter[str], name: str, case: Any) -> None:
    tried[name] += 1
    check(case)


def _failure(check: Callable[[Any], None], cases: Any, settings: Settings) -> str | None:
    """The smallest case that breaks the property, in words; ``None`` if there is none."""
    from hypothesis import HealthCheck, Phase, given, seed
    from hypothesis import settings as options

    @seed(settings.seed)
    @options(
        max_examples=settings.scaled(EXAMPLES),
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def holds(case: Any) -> None:
        check(case)

    try:
        holds()
    except BaseException as error:  # a panic of native code is no Exception; all that is not Claxon's is looked for
        notes = " ".join(getattr(error, "__notes__", [])[:NOTES])
        return f"{type(error).__name__}: {error} {notes}"
    return None
