"""Manifests, tokenizers and heads changed and sealed anew, guided by coverage: an error with a type, or a right answer.

Each target has a process of its own, started again after a crash, a hang or too much memory until its time is over.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from reliability.part import Outcome, Settings, is_installed

MINUTES = 10.0  # of each target
SIDE_BY_SIDE = 2
HANGS_AFTER_S = 10
MOST_MEMORY_MB = 2048
GRACE_S = 120.0  # to import everything and to read the corpus
MOST_STARTS = 20
FOUND, LOG = "found", "log.txt"
TARGETS = ("manifest", "tokenizer", "heads")
EXECUTIONS = re.compile(r"^stat::number_of_executed_units: (\d+)", re.MULTILINE)
COVERAGE = re.compile(r"cov: (\d+) ft: (\d+) corp: (\d+)/")


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """What came of one target.

    Attributes:
        executions: Contents that were tried.
        coverage: Branches of Claxon's that were reached.
        features: Those, each with how often.
        corpus: Contents that reached something new.
        failures: One line each, with the file that the content was saved to.
    """

    executions: int
    coverage: int
    features: int
    corpus: int
    failures: tuple[str, ...]


def run(settings: Settings, targets: Iterable[str] = TARGETS) -> Outcome:
    """Fuzz every target for ``MINUTES``; not run where atheris, which has no wheels for some systems, is missing."""
    if not is_installed("atheris"):
        return Outcome("fuzzing", 0.0, not_run="atheris is not installed; it has wheels for Linux on x86-64")
    start = time.perf_counter()
    names = [*targets]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        found = list(pool.map(lambda name: fuzz(name, settings, 60 * MINUTES * settings.scale), names))
    counts: dict[str, int | float] = {}
    for name, fuzzed in zip(names, found, strict=True):
        counts |= {f"{name}_{key}": getattr(fuzzed, key) for key in ("executions", "coverage", "features", "corpus")}
    failures = [failure for fuzzed in found for failure in fuzzed.failures]
    return Outcome("fuzzing", time.perf_counter() - start, counts, failures)


def fuzz(name: str, settings: Settings, seconds: float) -> Fuzzed:
    """Fuzz one target for so long."""
    folder = settings.folder / name
    (folder / FOUND).mkdir(parents=True)
    end, logs, problems = time.monotonic() + seconds, [], []
    for number in range(MOST_STARTS):
        left = end - time.monotonic()
        if left <= 0:
            break
        log = folder / f"{number}-{LOG}"
        problem = _fuzz_once(name, settings, seed=settings.seed + number + 1, seconds=left, log=log)
        logs.append(log.read_text(encoding="utf-8", errors="replace"))
        problems += [f"{name}: {problem}, see {log}"] if problem else []
        if not problem:
            break
    return _told(name, logs, [*problems, *_found(name, folder / FOUND)])


def _fuzz_once(name: str, settings: Settings, *, seed: int, seconds: float, log: Path) -> str:
    """Run a process; the words are empty unless it ended early."""
    flags = [
        f"-seed={seed}",  # 0 would be another one each time
        f"-max_total_time={max(1, round(seconds))}",
        f"-timeout={HANGS_AFTER_S}",
        f"-rss_limit_mb={MOST_MEMORY_MB}",
        "-print_final_stats=1",
    ]
    words = [sys.executable, "-m", "reliability.fuzz_process", name, str(settings.bundle), str(log.parent), *flags]
    quiet = os.environ | {"OMP_NUM_THREADS": "1", "CLAXON_CACHE": str(log.parent / "cache")}
    with log.open("wb") as stream:
        try:
            limit = seconds + GRACE_S
            done = subprocess.run(words, stdout=stream, stderr=stream, check=False, timeout=limit, env=quiet)
        except subprocess.TimeoutExpired:
            return f"the process did not end {GRACE_S:.0f} s after its time"
    return "" if done.returncode == 0 else f"the process ended with {done.returncode}"


def _told(name: str, logs: list[str], failures: list[str]) -> Fuzzed:
    executions = sum(int(number) for log in logs for number in EXECUTIONS.findall(log)[-1:])
    last = [match for log in logs for match in COVERAGE.findall(log)[-1:]]
    coverage, features, corpus = max((tuple(map(int, match)) for match in last), default=(0, 0, 0))
    if not executions:
        failures = [*failures, f"{name}: nothing was tried"]
    return Fuzzed(executions, coverage, features, corpus, tuple(failures))


def _found(name: str, folder: Path) -> list[str]:
    """One line for each content that was saved, with the last line of its error."""
    lines = []
    for path in sorted(folder.iterdir()):
        if path.suffix == ".txt":
            trace = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            lines.append(f"{name}: {trace[-1]:.300}; saved to {path.with_suffix('.content')}")
        elif path.suffix != ".content":  # libFuzzer's own: a crash, a hang, too much memory
            lines.append(f"{name}: {path.name.partition('-')[0]}; saved to {path}")
    return lines
