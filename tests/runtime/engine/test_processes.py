"""Interruptions, leaks and many threads, in processes of their own where they could disturb others."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import claxon
from tests.texts import TEXTS

# Hours of work, were it not interrupted; every phase of a call is long enough to be hit.
INTERRUPTED = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell puts into the background ignores it
import claxon
classifier = claxon.load(sys.argv[1], "sentiment", threads=int(sys.argv[2]))
classifier.predict(["great book"])
texts = [f"great book {i} " + "very " * (i % 40) for i in range(400_000)]
print("running", flush=True)
try:
    classifier.predict(texts, on_truncation="ignore")
except KeyboardInterrupt:
    print("back", flush=True)
print(classifier.predict(["great book"])[0], flush=True)
"""
BACK_WITHIN_S = 20.0  # one batch is milliseconds; this is for a machine that is busy


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("after_s", [0.2, 1.5])
def test_an_interrupted_call_comes_back_and_the_next_one_works(threads: int, after_s: float, tiny_bundle: Path) -> None:
    words = [sys.executable, "-c", INTERRUPTED, str(tiny_bundle), str(threads)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        time.sleep(after_s)
        process.send_signal(signal.SIGINT)
        try:
            out, errors = process.communicate(timeout=BACK_WITHIN_S)
        finally:
            process.kill()
    assert (out.splitlines()[0], process.returncode) == ("back", 0), errors
    assert out.splitlines()[1] in ("positive", "negative")


LOADED_AND_CLOSED = """
import gc, os, sys, threading
import claxon
def look():
    gc.collect()
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return int(status["VmRSS"].split()[0]) * 1024, len(os.listdir("/proc/self/fd")), int(status["Threads"])
for number in range(230):
    with claxon.load(sys.argv[1], "sentiment", threads=2) as classifier:
        classifier.predict(["great book", "bad film"] * 40)
    del classifier
    if number == 29:
        before = look()
after = look()
print(after[0] - before[0], after[1] - before[1], after[2] - before[2])
"""
MOST_GROWTH_BYTES = 16 << 20


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="what a process holds is read from /proc")
def test_loading_and_closing_two_hundred_times_leaves_nothing_behind(tiny_bundle: Path) -> None:
    words = [sys.executable, "-c", LOADED_AND_CLOSED, str(tiny_bundle)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    growth, descriptors, threads = map(int, done.stdout.split())
    assert growth < MOST_GROWTH_BYTES
    assert (descriptors, threads) == (0, 0)


def test_thirty_two_threads_get_bit_for_bit_what_one_gets(classifier: claxon.Classifier) -> None:
    calls = [TEXTS[k % 6 :] + TEXTS[: k % 6] for k in range(64)] * 4
    serial = [classifier.predict_proba(texts) for texts in calls]
    with ThreadPoolExecutor(32) as pool:
        for found, expected in zip(pool.map(classifier.predict_proba, calls), serial, strict=True):
            np.testing.assert_array_equal(found, expected)


NO_UPLOADS = (
    "import os, claxon.engine.session; claxon.engine.session.engine(); print(os.environ.get('ORT_DISABLE_TELEMETRY'))"
)


@pytest.mark.parametrize(("given", "found"), [(None, "1"), ("0", "0")])
def test_the_engine_uploads_nothing_unless_it_is_told_to(given: str | None, found: str) -> None:
    environment = {"PATH": "/usr/bin:/bin"} | ({} if given is None else {"ORT_DISABLE_TELEMETRY": given})
    words = [sys.executable, "-c", NO_UPLOADS]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == found
