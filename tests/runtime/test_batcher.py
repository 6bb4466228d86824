"""The batcher: the same answers as single calls, from threads and coroutines, and every way to fail alone."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import claxon
from claxon import Batcher, Encoder
from claxon.classifier import Classifier
from tests.texts import TEXTS

TOLERANCE = 1e-5


def test_threads_get_what_single_calls_give(classifier: Classifier) -> None:
    texts = TEXTS * 4
    with Batcher(classifier) as batcher, ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda text: batcher.predict_proba(text, on_truncation="ignore"), texts))
    expected = [classifier.predict_proba([text], on_truncation="ignore")[0] for text in texts]
    np.testing.assert_allclose(rows, expected, atol=TOLERANCE)


def test_coroutines_get_what_single_calls_give(classifier: Classifier) -> None:
    async def all_of_them() -> list[np.ndarray]:
        with Batcher(classifier.encoder) as batcher:
            return list(await asyncio.gather(*(batcher.aencode(text, on_truncation="ignore") for text in TEXTS)))

    expected = classifier.encoder.encode(TEXTS, on_truncation="ignore")
    np.testing.assert_allclose(asyncio.run(all_of_them()), expected, atol=TOLERANCE)


@pytest.mark.parametrize("text", [None, 3, "\ud800"])
def test_a_bad_text_fails_before_it_waits(classifier: Classifier, text: str) -> None:
    with Batcher(classifier) as batcher:
        with pytest.raises(claxon.InputError):
            batcher.predict(text)
        assert batcher.predict("great book") == classifier.predict(["great book"])[0]


def test_a_closed_batcher_says_so(classifier: Classifier) -> None:
    batcher = Batcher(classifier)
    batcher.close()
    with pytest.raises(claxon.ClosedError, match="batcher was closed"):
        batcher.predict("great book")


class Gate:
    """An encoder's run that waits until the test opens it; it counts the texts of each batch."""

    def __init__(self, encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open, self.entered, self.batches = threading.Event(), threading.Event(), list[list[str]]()
        self._run = encoder.features
        monkeypatch.setattr(encoder, "features", self)

    def __call__(self, texts: list[str], *words: Any, **options: Any) -> Any:
        self.batches.append(list(texts))
        self.entered.set()
        assert self.open.wait(30)
        if any(text == "fails" for text in texts):
            raise claxon.EngineError("this text fails")
        return self._run(texts, *words, **options)


@pytest.fixture
def gate(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate = Gate(classifier.encoder, monkeypatch)
    yield gate
    gate.open.set()


def waiting(batcher: Batcher, n_texts: int) -> None:
    while len(batcher._queue) < n_texts:
        time.sleep(0.001)


def test_texts_that_come_while_a_batch_runs_form_the_next_oldest_first(classifier: Classifier, gate: Gate) -> None:
    with Batcher(classifier) as batcher, ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(batcher.predict, "good food")]
        assert gate.entered.wait(30)
        for n_texts, text in enumerate(("bad food", "great book", "good book"), 1):
            calls.append(pool.submit(batcher.predict, text))
            waiting(batcher, n_texts)
        gate.open.set()
        labels = [call.result(30) for call in calls]
    assert gate.batches == [["good food"], ["bad food", "great book", "good book"]]
    assert labels == [classifier.predict([text])[0] for batch in gate.batches[:2] for text in batch]


def test_a_full_queue_raises_at_once_and_says_when_to_come_back(classifier: Classifier, gate: Gate) -> None:
    with Batcher(classifier, max_queue=1, timeout_s=20) as batcher, ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(batcher.predict, "good food")]
        assert gate.entered.wait(30)
        calls.append(pool.submit(batcher.predict, "bad food"))
        waiting(batcher, 1)
        with pytest.raises(claxon.OverloadedError, match="1 texts are waiting") as caught:
            batcher.predict("great book")
        assert caught.value.retry_after_s > 0
        gate.open.set()
        assert all(call.result(30) for call in calls)


def test_a_text_that_waits_too_long_leaves_the_queue(classifier: Classifier, gate: Gate) -> None:
    with Batcher(classifier, timeout_s=0.05) as batcher, ThreadPoolExecutor(1) as pool:
        first = pool.submit(batcher.predict, "good food")
        assert gate.entered.wait(30)
        with pytest.raises(TimeoutError, match=r"timeout_s=0\.05"):
            batcher.predict("bad food")
        gate.open.set()
        assert first.result(30)
    assert gate.batches == [["good food"]]


def test_a_text_of_a_canceled_caller_is_not_run(classifier: Classifier, gate: Gate) -> None:
    async def calls(batcher: Batcher) -> None:
        first = asyncio.create_task(batcher.apredict("good food"))
        await asyncio.to_thread(gate.entered.wait, 30)
        second, third = (asyncio.create_task(batcher.apredict(text)) for text in ("bad food", "great book"))
        await asyncio.to_thread(waiting, batcher, 2)
        second.cancel()
        await asyncio.sleep(0)
        gate.open.set()
        await asyncio.gather(first, third)
        assert second.cancelled()

    with Batcher(classifier) as batcher:
        asyncio.run(calls(batcher))
    assert gate.batches == [["good food"], ["great book"]]


def test_a_text_that_fails_fails_alone(classifier: Classifier, gate: Gate) -> None:
    with Batcher(classifier) as batcher, ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(batcher.predict, "good food")]
        assert gate.entered.wait(30)
        for n_texts, text in enumerate(("fails", "great book"), 1):
            calls.append(pool.submit(batcher.predict, text))
            waiting(batcher, n_texts)
        gate.open.set()
        assert calls[0].result(30)
        assert calls[2].result(30)
        with pytest.raises(claxon.EngineError, match="this text fails"):
            calls[1].result(30)


@pytest.mark.parametrize(("name", "value"), [("max_wait_ms", -1), ("timeout_s", 0), ("max_queue", 0)])
def test_options_that_cannot_be_met(classifier: Classifier, name: str, value: Any) -> None:
    with pytest.raises(claxon.OptionError, match=name):
        Batcher(classifier, **{name: value})
