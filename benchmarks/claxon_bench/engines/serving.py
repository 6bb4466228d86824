"""An engine in a process of its own: it loads, then answers orders, both in JSON lines.

    python -P serving.py ENGINE.py SETUP

Runs by path, in the peer's own environment. ``SETUP`` is one JSON object (see ``Setup``). The first line on standard
output says that the first result is there; then one line answers each line on standard input. Whatever the libraries
print goes to standard error. Between orders the process is blocked in ``read``, and so takes no time from the others.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, TextIO, TypedDict

FIRST_TEXT = "a great book"


class Setup(TypedDict):
    """What an engine is told before it loads.

    ``model`` is the checkpoint's or the bundle's folder, ``prepared`` that of what was exported from it for this peer.
    ``kind`` is ``encoder`` or ``classifier``. Texts are cut at ``max_tokens``, special tokens included. ``pooling``
    (``mean`` or ``cls``), ``normalize`` and ``width`` describe the embedding to peers that leave it to their users.
    """

    action: str
    kind: str
    model: str
    prepared: str | None
    variant: str
    head: str | None
    device: str
    precision: str
    threads: int
    max_tokens: int
    batch_size: int
    quantization: str
    pooling: str
    normalize: bool
    width: int


class Engine(Protocol):
    """A loaded model."""

    runs: str

    def __call__(self, texts: Sequence[str], batch_size: int | None) -> Any:
        """Embeddings or probabilities, float32, shape ``(texts, columns)``, in the texts' order."""


def main(engine_file: str, setup: Setup) -> None:
    """Prepare, or load and answer until standard input ends."""
    start = time.perf_counter()
    channel = _own_standard_output()
    module = _load_by_path(Path(engine_file))
    if setup["action"] == "prepare":
        module.prepare(setup)
        _write(channel, {"prepared": True})
        return
    for name in module.IMPORTS:
        importlib.import_module(name)
    import_s = time.perf_counter() - start
    engine: Engine = module.load(setup)
    load_s = time.perf_counter() - start - import_s
    engine([FIRST_TEXT], None)
    first_s = time.perf_counter() - start - import_s - load_s
    answer = {"import_s": import_s, "load_s": load_s, "first_s": first_s, "runs": engine.runs}
    _write(channel, answer | {"versions": versions(module.PACKAGES)} | memory())
    _serve(engine, channel)


def _serve(engine: Engine, channel: TextIO) -> None:
    orders: dict[str, Callable[[Engine, dict[str, Any]], dict[str, Any]]] = {
        "run": run,
        "each": run_each,
        "bulk": run_bulk,
    }
    for line in sys.stdin:
        order = json.loads(line)
        answer = orders[order["do"]](engine, order)
        gc.collect()  # between the timed parts, not in them
        _write(channel, answer | memory())


def run(engine: Engine, order: dict[str, Any]) -> dict[str, Any]:
    """All texts in one call, in seconds; the array is saved as ``.npy`` where the order says so."""
    start = time.perf_counter()
    values = engine(order["texts"], order.get("batch_size"))
    seconds = time.perf_counter() - start
    if order.get("save"):
        numpy = importlib.import_module("numpy")
        numpy.save(order["save"], numpy.asarray(values, numpy.float32))
    return {"seconds": seconds}


def run_each(engine: Engine, order: dict[str, Any]) -> dict[str, Any]:
    """One call a text, in seconds each."""
    seconds = []
    for text in order["texts"]:
        start = time.perf_counter()
        engine([text], None)
        seconds.append(time.perf_counter() - start)
    return {"seconds": seconds}


def run_bulk(engine: Engine, order: dict[str, Any]) -> dict[str, Any]:
    """All texts of a file of JSON strings, in seconds: streamed where the library can, else as one list."""
    start = time.perf_counter()
    with Path(order["file"]).open(encoding="utf-8") as lines:
        texts = (json.loads(line) for line in lines)
        stream = getattr(engine, "stream", None)
        count = len(engine(list(texts), None)) if stream is None else sum(1 for _ in stream(texts))
    return {"seconds": time.perf_counter() - start, "texts": count}


def memory() -> dict[str, int | None]:
    """Resident memory at its peak and now, in bytes, as the kernel counts it."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return {"peak_rss_bytes": _peak_rss_bytes(), "rss_bytes": None}
    found = {name: words.split() for name, _, words in (line.partition(":") for line in lines)}
    return {"peak_rss_bytes": int(found["VmHWM"][0]) * 1024, "rss_bytes": int(found["VmRSS"][0]) * 1024}


def versions(packages: Sequence[str]) -> dict[str, str]:
    """Of Python and of those of the packages that are installed."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _peak_rss_bytes() -> int:
    """Where there is no ``/proc``: bytes on macOS, kilobytes elsewhere."""
    resource = importlib.import_module("resource")
    peak = int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return peak if sys.platform == "darwin" else peak * 1024


def _own_standard_output() -> TextIO:
    """Standard output for answers alone; its old descriptor leads to standard error from here on, for C code too."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return channel


def _load_by_path(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"engine_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _write(channel: TextIO, answer: dict[str, Any]) -> None:
    channel.write(json.dumps(answer) + "\n")
    channel.flush()


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
