"""What several parts do: load, label, time, look at memory, start a process of its own."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any

import numpy as np

from claxon import Classifier, Encoder
from claxon.engine import cuda
from claxon.engine.providers import Device, EngineRequest
from claxon.heads.heads import GraphHead
from claxon_bench.summaries import percentile
from claxon_bench.workloads import SEED, SHAPES, Length
from gpu.setting import Setting, Subject

Array = np.ndarray[Any, Any]

CHILD_SECONDS = 90
WARM_UPS = 2


def encoder_of(subject: Subject, device: str, precision: str, **options: Any) -> Encoder:
    """The subject's encoder.

    Raises:
        ClaxonError: it cannot be loaded.
    """
    return Encoder.load(subject.bundle, device=device, precision=precision, **options)


def answering(encoder: Encoder) -> Callable[[Sequence[str]], Array]:
    """A caller's call: probabilities where the bundle has a classifier, else vectors. Shape: ``(texts, columns)``."""
    bundle = encoder.bundle
    if not bundle.manifest.heads:
        return lambda texts: encoder.encode(texts, on_truncation="ignore")
    spec = bundle.manifest.heads[0]
    classifier = Classifier(encoder, {spec.name: GraphHead(bundle, spec)}, head=spec.name)
    return lambda texts: classifier.predict_proba(texts, on_truncation="ignore")


def texts_of(length: str, count: int) -> list[str]:
    """Different generated texts of a workload's length, the same at every call."""
    return SHAPES[Length(length)].generate(count, SEED)


def rates(call: Callable[[], object], texts: int, rounds: int) -> dict[str, Any]:
    """Texts a second: the median of the rounds, and every round; two rounds before them do not count.

    On CUDA the second round of new shapes still finds memory, and takes up to three times as long as the third.
    """
    for _ in range(WARM_UPS):
        call()
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return {"texts_per_second": round(texts / median(seconds), 2), "seconds": seconds}


def latencies(call: Callable[[str], object], texts: Sequence[str], count: int) -> dict[str, float]:
    """Milliseconds of one text: p50, p95, p99, after a tenth of the runs to warm up."""
    found = []
    for number in range(-max(count // 10, 2), count):
        start = time.perf_counter()
        call(texts[number % len(texts)])
        found += [1000 * (time.perf_counter() - start)] if number >= 0 else []
    return {f"p{share}_ms": round(percentile(found, share / 100), 4) for share in (50, 95, 99)}


def memory_mib(setting: Setting) -> int:
    """Memory in use: the GPU's, of all processes; in a rehearsal this process's peak."""
    if setting.device is Device.CPU:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    asked = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=20).stdout
    return int(answer.splitlines()[0])


def in_new_process(code: str, *words: str, **variables: str) -> dict[str, Any]:
    """Run code that prints one line of JSON last; ``words`` are its arguments, ``variables`` its environment's.

    Raises:
        RuntimeError: it failed; with the end of what it said.
    """
    path = os.pathsep.join(filter(None, sys.path))
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False, timeout=CHILD_SECONDS,
            env=os.environ | {"PYTHONPATH": path} | variables,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"a new process did not end within {CHILD_SECONDS} s") from None
    if done.returncode:
        raise RuntimeError(f"a new process failed: {done.stderr.strip()[-400:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


@contextmanager
def cuda_options(**more: str) -> Iterator[None]:
    """Sessions that are started inside are given these options of the CUDA provider as well."""
    ours = cuda.provider_options

    def theirs(request: EngineRequest) -> dict[str, str]:
        return ours(request) | more

    cuda.provider_options = theirs  # the parts try what the runtime has no switch for
    try:
        yield
    finally:
        cuda.provider_options = ours
