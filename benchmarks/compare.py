"""A bundle against its source in sentence-transformers: speed, start-up, memory and agreement, in the same run.

    python -m benchmarks.compare BUNDLE CHECKPOINT [--threads N] [--rounds N] [--texts FILE]

Each engine has a process of its own and the same threads; rounds alternate between them, and medians are told.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from benchmarks.engine import ENGINES
from claxon.threads import available_threads
from claxon_export.parity import cosine, packaged_texts

SHORT_TEXT = "great book, I could not put it down"
LATENCY_CALLS = 20


@dataclass(frozen=True, slots=True)
class Result:
    """What one engine did, medians over the rounds."""

    engine: str
    texts_per_s: float
    short_text_ms: float
    first_result_s: float
    peak_rss_mb: float
    max_abs_difference: float
    min_cosine: float


class Engine:
    """An engine in its process."""

    def __init__(self, name: str, path: str, threads: int) -> None:
        command = [sys.executable, "-m", "benchmarks.engine", name, path, str(threads)]
        self.name = name
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.bulk_s: list[float] = []
        self.short_s: list[float] = []
        self.peak_rss_bytes = 0.0
        self.first_result_s = self._answer()["first_result_s"]

    def run(self, texts: list[str], save: Path | None = None) -> float:
        """Encode; the result is the seconds it took inside the engine."""
        if self._process.stdin is None:
            raise RuntimeError("the engine has no standard input")
        self._process.stdin.write(json.dumps({"texts": texts, "save": str(save) if save else None}) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        self.peak_rss_bytes = answer["peak_rss_bytes"]
        return answer["seconds"]

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _answer(self) -> dict[str, float]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            self.close()
            raise RuntimeError(f"the engine {self.name} ended early; its messages stand above")
        answer: dict[str, float] = json.loads(line)
        return answer


def compare(bundle: str, checkpoint: str, texts: list[str], *, threads: int, rounds: int) -> list[Result]:
    """Run every engine on the texts, in turn."""
    paths = {"claxon": bundle, "sentence-transformers": checkpoint}
    engines = [Engine(name, paths[name], threads) for name in ENGINES]
    with tempfile.TemporaryDirectory() as work:
        saved = {engine.name: Path(work) / f"{engine.name}.npy" for engine in engines}
        for engine in engines:
            engine.run(texts, saved[engine.name])  # not timed: it warms up
        for _ in range(rounds):
            for engine in engines:
                engine.bulk_s.append(engine.run(texts))
                engine.short_s += [engine.run([SHORT_TEXT]) for _ in range(LATENCY_CALLS)]
        vectors = {name: np.load(path) for name, path in saved.items()}
    for engine in engines:
        engine.close()
    return [_result(engine, len(texts), vectors) for engine in engines]


def _result(engine: Engine, n_texts: int, vectors: dict[str, np.ndarray]) -> Result:
    found, source = vectors[engine.name], vectors["sentence-transformers"]
    return Result(
        engine=engine.name,
        texts_per_s=n_texts / statistics.median(engine.bulk_s),
        short_text_ms=1000 * statistics.median(engine.short_s),
        first_result_s=engine.first_result_s,
        peak_rss_mb=engine.peak_rss_bytes / 1e6,
        max_abs_difference=float(np.abs(found - source).max()),
        min_cosine=float(cosine(found, source).min()),
    )


def markdown(results: list[Result]) -> str:
    """The results as a table."""
    columns = (
        "",
        "texts/s",
        "one short text, ms",
        "first result, s",
        "peak memory, MB",
        "max difference",
        "worst cosine",
    )
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    lines += [
        f"| {r.engine} {version(r.engine)} | {r.texts_per_s:.0f} | {r.short_text_ms:.1f} | {r.first_result_s:.1f} "
        f"| {r.peak_rss_mb:.0f} | {r.max_abs_difference:.1e} | {r.min_cosine:.7f} |"
        for r in results
    ]
    return "\n".join(lines)


def main() -> None:
    """Print the table and what it was measured on."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("bundle", metavar="BUNDLE", help="a bundle's folder")
    parser.add_argument(
        "checkpoint", metavar="CHECKPOINT", help="the checkpoint it was made from: a folder or a Hub id"
    )
    parser.add_argument("--threads", type=int, default=available_threads(), help="for each engine (default: all)")
    parser.add_argument("--rounds", type=int, default=5, help="timed rounds (default: 5)")
    parser.add_argument("--texts", type=Path, help="plain lines; default: the 64 packaged texts, four times")
    options = parser.parse_args()
    texts = options.texts.read_text(encoding="utf-8").splitlines() if options.texts else packaged_texts() * 4
    results = compare(options.bundle, options.checkpoint, texts, threads=options.threads, rounds=options.rounds)
    print(markdown(results))
    print(
        f"\n{len(texts)} texts, {options.threads} threads, {options.rounds} rounds in turn, medians; "
        f"{platform.machine()}, Python {platform.python_version()}, onnxruntime {version('onnxruntime')}, "
        f"torch {version('torch')}"
    )


if __name__ == "__main__":
    main()
