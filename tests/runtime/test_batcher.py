"""The batcher: the same answers as single calls, from threads and coroutines, and every way to fail alone."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import claxon
from claxon import Batcher
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
