"""A fork after loading: the child loads its own session and ends; nothing waits for threads that are not there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from claxon.engine.fork import PerProcess

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

# The child has 60 seconds for everything, its own end included; a parent that hung would be seen as well.
FORKED = """
import os, signal, sys
import numpy as np
import claxon
texts = ["great book", "the phone broke today", "", "bad service"] * 20
classifier = claxon.load(sys.argv[1], "sentiment", threads=int(sys.argv[2]))
classifier.encoder.token_budget = 99
expected = classifier.predict_proba(texts)
parent_session = id(classifier.encoder._runner._value)
child = os.fork()
if not child:
    signal.alarm(60)
    ACTION
    sys.exit(0)
_, status = os.waitpid(child, 0)
assert status == 0, f"the child ended with {status}"
assert (classifier.predict_proba(texts) == expected).all()
assert id(classifier.encoder._runner._value) == parent_session
"""
USE = """np.testing.assert_allclose(classifier.predict_proba(texts), expected, atol=1e-5)
    assert id(classifier.encoder._runner._value) != parent_session"""
BUDGET = """found = [classifier.encoder.token_budget]
    classifier.predict(texts)
    found.append(classifier.encoder.token_budget)
    assert found == [99, 99], found"""
SET_BUDGET = """classifier.encoder.token_budget = 77
    assert id(classifier.encoder._runner._value) == parent_session
    classifier.predict(texts)
    assert classifier.encoder.token_budget == 77"""
# What is known of the engine is told without loading it again.
KNOWN = """import pickle, shutil
    shutil.rmtree(sys.argv[1])
    encoder = classifier.encoder
    assert (encoder.device, encoder.providers) == ("cpu", ("CPUExecutionProvider",))
    assert ", cpu, fp32)" in repr(classifier)
    assert pickle.dumps(encoder)
    assert id(encoder._runner._value) == parent_session"""
CLOSE = "classifier.close(); del classifier"
ANOTHER = """other = claxon.load(sys.argv[1], "sentiment", threads=int(sys.argv[2]))
    np.testing.assert_allclose(other.predict_proba(texts), expected, atol=1e-5)"""
THREADS = """from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: classifier.predict_proba(texts), range(8)):
            np.testing.assert_allclose(found, expected, atol=1e-5)"""
GRANDCHILD = f"""{USE}
    again = os.fork()
    if not again:
        np.testing.assert_allclose(classifier.predict_proba(texts), expected, atol=1e-5)
        sys.exit(0)
    assert os.waitpid(again, 0)[1] == 0"""
REPLACED = """import pathlib
    path = pathlib.Path(sys.argv[1], "manifest.json")
    path.write_text(path.read_text().replace('"acme', '"other') + " ")
    try:
        classifier.predict_proba(texts)
    except claxon.IntegrityError as error:
        assert "this is a different bundle" in str(error), error
    else:
        raise AssertionError("the child used a bundle that was replaced")"""
CUDA = """import dataclasses
    runner = classifier.encoder._runner
    origin = classifier.encoder._load_spec
    classifier.encoder._load_spec = dataclasses.replace(origin, device=claxon.engine.providers.Device.CUDA)
    runner._make_again = classifier.encoder._load_spec.runner_of_child
    try:
        classifier.predict_proba(texts)
    except claxon.DeviceError as error:
        assert "which a forked process cannot use" in str(error), error
    else:
        raise AssertionError("the child used the parent's GPU")"""


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    "action",
    ["pass", USE, BUDGET, SET_BUDGET, CLOSE, ANOTHER, THREADS, GRANDCHILD, REPLACED, CUDA],
    ids=["nothing", "use", "budget", "set budget", "close", "another", "threads", "grandchild", "replaced", "CUDA"],
)
def test_a_forked_child(action: str, threads: int, copied_bundle: Path) -> None:
    run_forked(action, threads, str(copied_bundle), copied_bundle.parent)


def run_forked(action: str, threads: int, bundle: str, folder: Path) -> None:
    words = [sys.executable, "-c", FORKED.replace("ACTION", action), bundle, str(threads)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=180, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr


def test_a_forked_child_tells_what_is_known_without_loading(copied_bundle: Path) -> None:
    run_forked(KNOWN, 1, str(copied_bundle), copied_bundle.parent)


def test_a_forked_child_finds_a_bundle_that_was_loaded_by_a_relative_path(copied_bundle: Path) -> None:
    run_forked(f"os.chdir('/'); {USE}", 1, copied_bundle.name, copied_bundle.parent)


def test_a_value_is_made_once_in_its_process() -> None:
    owned = PerProcess("value", lambda _: pytest.fail("it was made again"))
    assert [owned.get(), owned.get()] == ["value", "value"]


def test_a_value_is_made_once_in_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def again(inherited: str) -> str:
        made.append(inherited)
        return "other"

    owned = PerProcess("value", again)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert (owned.known(), made) == ("value", [])
    assert [owned.get(), owned.get(), owned.known(), made] == ["other", "other", "other", ["value"]]


def test_a_value_that_could_not_be_made_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    def again(_: str) -> str:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("not yet")
        return "other"

    owned = PerProcess("value", again)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with pytest.raises(OSError, match="not yet"):
        owned.get()
    assert owned.get() == "other"
