"""One engine in a process of its own, told what to do in JSON lines: so that memory and start-up are its own.

    python -m benchmarks.engine claxon BUNDLE THREADS

It answers one JSON line when it is loaded, and one for each line that it is given: ``{"texts": [...], "save": PATH}``.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Encode = Callable[[Sequence[str]], Any]


def claxon_engine(path: str, threads: int) -> Encode:
    """Claxon's encoder, as a user would load it."""
    import claxon

    encoder = claxon.Encoder.load(path, device="cpu", threads=threads)
    return lambda texts: encoder.encode(texts, on_truncation="ignore")


def sentence_transformers_engine(path: str, threads: int) -> Encode:
    """sentence-transformers on PyTorch in float32, as a user would load it."""
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads)
    model = SentenceTransformer(path, device="cpu")
    return lambda texts: model.encode(list(texts), show_progress_bar=False, batch_size=32)


ENGINES: dict[str, Callable[[str, int], Encode]] = {
    "claxon": claxon_engine,
    "sentence-transformers": sentence_transformers_engine,
}


def serve(name: str, path: str, threads: int) -> None:
    """Load, then answer until standard input ends."""
    start = time.perf_counter()
    encode = ENGINES[name](path, threads)
    encode(["first"])
    answer({"first_result_s": time.perf_counter() - start})
    for line in sys.stdin:
        order = json.loads(line)
        start = time.perf_counter()
        vectors = encode(order["texts"])
        seconds = time.perf_counter() - start
        if order.get("save"):
            np.save(order["save"], np.asarray(vectors, np.float32))
        answer({"seconds": seconds, "peak_rss_bytes": peak_rss_bytes()})


def answer(content: dict[str, float]) -> None:
    """One JSON line on standard output."""
    print(json.dumps(content), flush=True)


def peak_rss_bytes() -> int:
    """The most memory that this process had resident, from the kernel (kilobytes on Linux, bytes on macOS)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], int(sys.argv[3]))
