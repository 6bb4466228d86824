"""Many callers, one text each: the texts that wait while a batch runs form the next one."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from operator import itemgetter
from typing import Any, Self

from claxon.bundle.manifest import Feature
from claxon.classifier import Classifier
from claxon.encoder.encoder import Encoder
from claxon.encoder.features import Features, FloatVector, chosen_feature
from claxon.errors import ClosedError, OptionError, OverloadedError, RequestTimeoutError
from claxon.heads.decision import Threshold
from claxon.heads.predict_options import require_probabilities
from claxon.predictions import predictions_of
from claxon.support.validation import choice, count
from claxon.text.inputs import check_texts
from claxon.text.truncation import OnTruncation, report_truncation

# Characters a token of English, at least; texts are gathered by this estimate and cut by the encoder's own batching.
CHARACTERS_A_TOKEN = 4
SPECIAL_TOKENS = 2


class _Request:
    """One text: ``done`` gets its features; ``turn`` wakes a thread that is to run the next batch."""

    __slots__ = ("deadline", "done", "feature", "is_async", "leads", "text", "turn")

    def __init__(self, text: str, feature: Feature, deadline: float | None, *, is_async: bool) -> None:
        self.text, self.feature, self.deadline, self.is_async = text, feature, deadline, is_async
        self.done: Future[Features] = Future()
        self.turn = threading.Event()
        self.leads = False


class Batcher:
    """Gathers the texts of many threads and coroutines into batches. May be shared between them.

    A caller whose text arrives while nothing runs runs it in its own thread. Texts that arrive meanwhile wait, and
    form the next batch, oldest first. Scores and embeddings equal those of a call with one text within 1e-5: a text
    is padded to the longest of its batch, which changes the last digits.
    """

    def __init__(
        self,
        model: Classifier | Encoder,
        *,
        max_wait_ms: float = 0,
        max_queue: int = 1024,
        timeout_s: float | None = None,
    ) -> None:
        """Serve a loaded classifier or encoder, which stays the caller's to close.

        Args:
            model: It.
            max_wait_ms: Milliseconds to wait for more texts before a batch runs.
            max_queue: Texts that may wait.
            timeout_s: Seconds until a text must be done; ``None`` for no limit. A thread that runs a batch ends it.

        Raises:
            OptionError: an option has a value that cannot be met.
        """
        if not max_wait_ms >= 0:
            raise OptionError(f"max_wait_ms is {max_wait_ms!r}, expected 0 or more")
        if timeout_s is not None and not timeout_s > 0:
            raise OptionError(f"timeout_s is {timeout_s!r}, expected more than 0, or None")
        self._classifier = model if isinstance(model, Classifier) else None
        self._encoder = model if isinstance(model, Encoder) else model.encoder
        self._max_wait_s, self._timeout_s = max_wait_ms / 1000, timeout_s
        self._max_queue = count("max_queue", max_queue, none_means="1,024") or 1024
        self._queue: deque[_Request] = deque()
        self._lock = threading.Condition()
        self._is_running = self._is_closed = False
        self._batch_s = 0.01
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="claxon-batcher")

    def predict(
        self, text: str, *, threshold: Threshold | None = None, margin: float | None = None, on_truncation: str = "warn"
    ) -> Any:
        """The label of a text, as ``Classifier.predict`` gives it for a list of one.

        Raises:
            InputError, OptionError, EngineError: as ``Classifier.predict``, to this caller alone.
            OverloadedError: ``max_queue`` texts are waiting.
            RequestTimeoutError: ``timeout_s`` went by.
            ClosedError: the batcher was closed.
        """
        head, limits = self._head(threshold, margin)
        features = self._features(text, head.feature, on_truncation)
        return predictions_of(head, features, limits, may_fail=False).labels[0]

    def predict_proba(self, text: str, *, on_truncation: str = "warn") -> FloatVector:
        """The probabilities of a text. Shape: ``(labels,)``, float32. Errors as ``predict``."""
        head, limits = self._head(None, None)
        require_probabilities(head)
        features = self._features(text, head.feature, on_truncation)
        scores: FloatVector = predictions_of(head, features, limits, may_fail=False).scores[0]
        return scores

    def encode(self, text: str, *, feature: str | None = None, on_truncation: str = "warn") -> FloatVector:
        """The vector of a text. Shape: ``(width,)``, float32. Errors as ``predict``."""
        name = chosen_feature(self._encoder.spec, feature)
        vector: FloatVector = self._features(text, name, on_truncation).values[name][0]
        return vector

    async def apredict(
        self, text: str, *, threshold: Threshold | None = None, margin: float | None = None, on_truncation: str = "warn"
    ) -> Any:
        """``predict`` for asyncio; a caller that is canceled while its text waits takes the text along."""
        head, limits = self._head(threshold, margin)
        features = await self._afeatures(text, head.feature, on_truncation)
        return predictions_of(head, features, limits, may_fail=False).labels[0]

    async def apredict_proba(self, text: str, *, on_truncation: str = "warn") -> FloatVector:
        """``predict_proba`` for asyncio."""
        head, limits = self._head(None, None)
        require_probabilities(head)
        features = await self._afeatures(text, head.feature, on_truncation)
        scores: FloatVector = predictions_of(head, features, limits, may_fail=False).scores[0]
        return scores

    async def aencode(self, text: str, *, feature: str | None = None, on_truncation: str = "warn") -> FloatVector:
        """``encode`` for asyncio."""
        name = chosen_feature(self._encoder.spec, feature)
        vector: FloatVector = (await self._afeatures(text, name, on_truncation)).values[name][0]
        return vector

    def close(self) -> None:
        """Wait until the queue is empty; later calls raise ``ClosedError``. The model stays open."""
        with self._lock:
            self._is_closed = True
            self._lock.wait_for(lambda: not self._queue and not self._is_running)
        self._threads.shutdown()

    def __enter__(self) -> Self:
        """Return the batcher."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def _head(self, threshold: Threshold | None, margin: float | None) -> tuple[Any, Any]:
        if self._classifier is None:
            raise OptionError(
                "the batcher has an encoder, which gives no labels; give it a classifier, or use encode()"
            )
        head = self._classifier._head()
        return head, self._classifier._abstention(head, threshold, margin)

    def _features(self, text: str, feature: Feature, on_truncation: str) -> Features:
        action = choice("on_truncation", on_truncation, OnTruncation)
        request = self._enter(text, feature, is_async=False)
        if not request.leads:
            left = None if request.deadline is None else request.deadline - time.monotonic()
            if not request.turn.wait(left):
                self._leave(request)
        if request.leads and not request.done.done():
            self._lead()
        return self._reported(request.done.result(), action)

    async def _afeatures(self, text: str, feature: Feature, on_truncation: str) -> Features:
        action = choice("on_truncation", on_truncation, OnTruncation)
        request = self._enter(text, feature, is_async=True)
        if request.leads:
            self._threads.submit(self._lead)
        try:
            done = await asyncio.wait_for(asyncio.wrap_future(request.done), self._timeout_s)
        except TimeoutError as error:
            raise self._late() from error
        return self._reported(done, action)

    def _reported(self, features: Features, action: OnTruncation) -> Features:
        report_truncation(features.n_tokens, features.truncated, self._encoder.max_tokens, action)
        return features

    def _enter(self, text: str, feature: Feature, *, is_async: bool) -> _Request:
        check_texts([text])
        deadline = None if self._timeout_s is None else time.monotonic() + self._timeout_s
        request = _Request(text, feature, deadline, is_async=is_async)
        with self._lock:
            if self._is_closed:
                raise ClosedError("the batcher was closed; make a new one")
            if len(self._queue) >= self._max_queue:
                wait_s = round(self._batch_s * (1 + len(self._queue) / 16), 3)
                raise OverloadedError(f"{len(self._queue)} texts are waiting; try again in {wait_s} s", wait_s)
            self._queue.append(request)
            if not self._is_running:
                self._is_running = request.leads = True
        return request

    def _leave(self, request: _Request) -> None:
        with self._lock:
            if request in self._queue:
                self._queue.remove(request)
            if request.leads:
                self._hand_over()
        if not request.done.done():
            raise self._late()

    def _late(self) -> RequestTimeoutError:
        return RequestTimeoutError(f"the text was not done within timeout_s={self._timeout_s}")

    def _lead(self) -> None:
        """Run one batch, which has the oldest texts, then hand over to the owner of the oldest one left."""
        if self._max_wait_s:
            time.sleep(self._max_wait_s)
        with self._lock:
            batch = self._next()
        try:
            start = time.monotonic()
            self._run(batch)
            self._batch_s = time.monotonic() - start
        finally:
            with self._lock:
                self._hand_over()
            for request in batch:
                request.turn.set()

    def _hand_over(self) -> None:
        while self._queue and self._queue[0].done.cancelled():
            self._queue.popleft()
        self._is_running = bool(self._queue)
        if not self._queue:
            self._lock.notify_all()
            return
        heir = self._queue[0]
        heir.leads = True
        if heir.is_async:
            self._threads.submit(self._lead)
        else:
            heir.turn.set()

    def _next(self) -> list[_Request]:
        """Take the oldest texts that fit the token budget, at least one; canceled ones are dropped."""
        batch: list[_Request] = []
        left = self._encoder.token_budget
        while self._queue:
            request = self._queue[0]
            n_tokens = min(len(request.text) // CHARACTERS_A_TOKEN + SPECIAL_TOKENS, self._encoder.max_tokens)
            if batch and n_tokens > left:
                break
            self._queue.popleft()
            if request.done.set_running_or_notify_cancel():
                batch.append(request)
                left -= n_tokens
        return batch

    def _run(self, batch: Sequence[_Request]) -> None:
        if not batch:
            return
        try:
            names = list(dict.fromkeys(request.feature for request in batch))
            texts = [request.text for request in batch]
            features = self._encoder.features(texts, names, on_truncation=OnTruncation.IGNORE)
        except BaseException as error:  # everything a batch raises belongs to its callers
            if len(batch) == 1:
                batch[0].done.set_exception(error)
                return
            for request in batch:
                self._run([request])
            return
        for row, request in enumerate(batch):
            request.done.set_result(features.taken(itemgetter(slice(row, row + 1))))
