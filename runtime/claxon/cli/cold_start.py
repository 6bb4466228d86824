"""Measures a fresh process: importing claxon, and the first label or vector."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from claxon.errors import EngineError

REPEATS = 5

IMPORT = "import time; t = time.perf_counter(); import claxon; print(time.perf_counter() - t)"
FIRST_VECTOR = (
    "import sys, claxon; e = claxon.Encoder.load(sys.argv[1]); e.features(['a great book']); print('done', flush=True)"
)
FIRST_LABEL = (
    "import sys, claxon; c = claxon.load(sys.argv[1]); c.predict_all(['a great book']); print('done', flush=True)"
)


@dataclass(frozen=True, slots=True)
class ColdStart:
    """Medians over fresh processes in seconds, with files in the system's cache.

    Attributes:
        import_s: ``import claxon`` alone, without the interpreter's own start.
        first_result_s: From starting the process to its first label (or vector, where there is no head).
        result: ``label`` or ``vector``.
    """

    import_s: float
    first_result_s: float | None
    result: str


def measure_cold_start(bundle: Path | None, *, has_heads: bool = False, repeats: int = REPEATS) -> ColdStart:
    """Time several fresh processes, after an unmeasured one.

    Raises:
        EngineError: one of them failed; the message is its last line.
    """
    import_s = statistics.median([float(_run([IMPORT])) for _ in range(repeats + 1)][1:])
    if bundle is None:
        return ColdStart(import_s, None, "label")
    words = [FIRST_LABEL if has_heads else FIRST_VECTOR, str(bundle)]
    walls = [_wall_s(words) for _ in range(repeats + 1)][1:]
    return ColdStart(import_s, statistics.median(walls), "label" if has_heads else "vector")


def _wall_s(words: Sequence[str]) -> float:
    """Return the seconds until the process writes its first line."""
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        line = process.stdout.readline() if process.stdout else ""
        wall_s = time.perf_counter() - start
        _, errors = process.communicate()
    if not line:
        raise EngineError(_failure(errors))
    return wall_s


def _run(words: Sequence[str]) -> str:
    done = subprocess.run([sys.executable, "-c", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise EngineError(_failure(done.stderr))
    return done.stdout


def _failure(errors: str) -> str:
    return f"a fresh process failed: {(errors.strip().splitlines() or ['no output'])[-1]}"
