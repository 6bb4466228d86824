"""An engine in its process: started by path with its environment's Python, asked in JSON lines."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from claxon_bench.engines.serving import Setup
from claxon_bench.errors import EngineFailure

ENGINES = Path(__file__).parent / "engines"
TIMEOUT_S = 1800.0
CLOSE_S = 20.0
LONGEST_REASON = 300
# Errors that were written to be read: their first sentence is the reason.
OWN_ERRORS = "claxon.errors."


@dataclass(frozen=True, slots=True)
class Ready:
    """What an engine says when its first result is there; ``wall_s`` counts from starting the process."""

    wall_s: float
    import_s: float
    load_s: float
    first_s: float
    runs: str
    versions: dict[str, str]
    rss_bytes: int | None


class EngineProcess:
    """One engine, loaded; blocked on its standard input while it is not asked.

    Attributes:
        ready: How it loaded.
    """

    def __init__(self, python: Path, script: str, setup: Setup) -> None:
        """Start it, and wait for its first result.

        Raises:
            EngineFailure: it ended early, or took longer than half an hour.
        """
        words = [str(python), "-P", str(ENGINES / "serving.py"), str(ENGINES / script), json.dumps(setup)]
        start = time.perf_counter()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = _popen(words, self._errors, environment(python, setup["threads"]))
        self._lines: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        try:
            answer = self._answer(TIMEOUT_S)
        except BaseException:
            self.close()
            raise
        wall_s = time.perf_counter() - start
        self.ready = None if "prepared" in answer else _ready(wall_s, answer)

    def run(self, texts: Sequence[str], *, save: Path | None = None, batch_size: int | None = None) -> dict[str, Any]:
        """All texts in one call: ``seconds``, and memory after it."""
        saved = None if save is None else str(save)
        return self._ask({"do": "run", "texts": list(texts), "save": saved, "batch_size": batch_size})

    def run_bulk(self, file: Path) -> dict[str, Any]:
        """All texts of a file of JSON strings, streamed where the library can: ``seconds``, and memory after it."""
        return self._ask({"do": "bulk", "file": str(file)})

    def run_each(self, texts: Sequence[str]) -> list[float]:
        """One call a text, in seconds each."""
        seconds: list[float] = self._ask({"do": "each", "texts": list(texts)})["seconds"]
        return seconds

    def processor_s(self) -> float | None:
        """Processor time that the process has used, in seconds; ``None`` where the kernel does not tell."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            with suppress(OSError):  # it is gone already
                self._process.stdin.close()
        try:
            self._process.wait(CLOSE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()

    def __enter__(self) -> Self:
        """The engine itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self.close()

    def _ask(self, order: Mapping[str, Any]) -> dict[str, Any]:
        if self._process.stdin is None:
            raise EngineFailure("the engine has no standard input")
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise EngineFailure(self._reason()) from None
        return self._answer(TIMEOUT_S)

    def _answer(self, timeout_s: float) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=timeout_s)
        except queue.Empty:
            self._process.kill()
            raise EngineFailure(f"no answer within {timeout_s:.0f} s") from None
        if not line:
            raise EngineFailure(self._reason())
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _read(self) -> None:
        """Lines until the end, which is an empty one."""
        stream = self._process.stdout
        while stream is not None:
            line = stream.readline()
            self._lines.put(line)
            if not line:
                stream.close()
                return

    def _reason(self) -> str:
        """The last line on standard error, which in a traceback is the exception."""
        code = self._process.wait()
        self._errors.seek(0)
        lines = [line for line in self._errors.read().decode(errors="replace").splitlines() if line.strip()]
        last = next((line for line in reversed(lines) if not line.startswith(" ")), "it said nothing")
        if last.startswith(OWN_ERRORS):
            return last.partition(": ")[2].partition("; ")[0]
        return f"exit code {code}: {last.strip()[:LONGEST_REASON]}"


def prepare(python: Path, script: str, setup: Setup) -> None:
    """Let the engine export what it needs into ``setup["prepared"]``.

    Raises:
        EngineFailure: it could not.
    """
    EngineProcess(python, script, {**setup, "action": "prepare"}).close()


def environment(python: Path, threads: int) -> dict[str, str]:
    """The process's environment: equal threads in every library, no network, no module paths of another Python."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "TBB_NUM_THREADS")
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    is_ours = python == Path(sys.executable)
    ours = {name: value for name, value in os.environ.items() if is_ours or not name.startswith("PYTHON")}
    return {**ours, **dict.fromkeys(names, str(threads)), **offline}


def _popen(words: list[str], errors: IO[bytes], environ: dict[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=environ)
    except OSError as error:
        errors.close()
        raise EngineFailure(f"{words[0]} cannot be started: {error.strerror}") from error


def _ready(wall_s: float, answer: Mapping[str, Any]) -> Ready:
    return Ready(
        wall_s=wall_s,
        import_s=answer["import_s"],
        load_s=answer["load_s"],
        first_s=answer["first_s"],
        runs=answer["runs"],
        versions=answer["versions"],
        rss_bytes=answer["rss_bytes"],
    )
