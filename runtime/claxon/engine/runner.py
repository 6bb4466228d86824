"""Runs tokens through the encoder's graph, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np

from claxon.bundle.manifest import EncoderSpec
from claxon.engine.providers import Device
from claxon.engine.session import Session
from claxon.errors import BundleError, EngineError
from claxon.support.parallel import parallel_map
from claxon.text.batching import Batch, batches
from claxon.text.tokens import Tokens

Array = np.ndarray[Any, Any]

# Padded tokens a batch, of several side by side: 512 made 33 reviews a second where 1,024 made 24 and 256 made 31.
TOKEN_BUDGET = 512
# A GPU computes thousands of tokens side by side. Chosen by memory, 100 MB for the widest layer of MPNet base in
# float16; not measured yet.
CUDA_TOKEN_BUDGET = 16_384
# Fewer tokens are not worth a batch of their own.
LEAST_TOKENS = 128


@dataclass(frozen=True, slots=True)
class BatchOutputs:
    """The outputs of one batch: an array per requested output, rows as in the batch."""

    batch: Batch
    values: list[Array]


class BatchRunner:
    """Runs batches through a session: many in parallel, or one with all of the session's threads.

    Attributes:
        token_budget: Padded tokens a batch, more only where one text alone has more.
    """

    def __init__(
        self,
        session: Session,
        spec: EncoderSpec,
        workers: int,
        *,
        refuses_nan: bool = True,
        load_whole: Callable[[], Session] | None = None,
    ) -> None:
        """Compose a runner.

        Args:
            session: What runs batches.
            spec: What the manifest says of the encoder.
            workers: Batches that run at once, at most.
            refuses_nan: Raise at NaN and infinity.
            load_whole: Loads the session of all outputs, when one is asked for that ``session`` lacks.
        """
        self.session = session
        self.token_budget = CUDA_TOKEN_BUDGET if session.device is Device.CUDA else TOKEN_BUDGET
        self._spec = spec
        self._pooled_widths = {str(feature): width for feature, width in spec.features.items()}
        self._workers = workers
        self._refuses_nan = refuses_nan
        self._load_whole = load_whole
        self._loading = Lock()

    def run(self, tokens: Tokens, outputs: Sequence[str], batch_size: int | None = None) -> Iterator[BatchOutputs]:
        """Yield the named outputs of all batches, longest texts first.

        Args:
            tokens: The texts.
            outputs: Names of the graph's outputs.
            batch_size: Texts a batch at most; ``None`` leaves it to the token budget and the number of workers.

        Raises:
            EngineError: ONNX Runtime failed; it gave NaN or infinity, and that is refused.
            BundleError: the graph gave another shape than the manifest says.
        """
        session = self._session_with(outputs)
        budget = self._shared_out(int(tokens.lengths.sum())) if batch_size is None else self.token_budget
        planned = batches(tokens, pad_id=self._spec.pad_id, token_budget=budget, batch_size=batch_size)
        return parallel_map(lambda batch: self._run(session, outputs, batch), planned, self._workers)

    def _shared_out(self, n_tokens: int) -> int:
        """Return a token budget that also spreads a few texts over all workers."""
        share = max(-(-n_tokens // self._workers), LEAST_TOKENS)
        return self.token_budget if self._workers == 1 else min(self.token_budget, share)

    def _session_with(self, outputs: Sequence[str]) -> Session:
        """The session, loaded anew as a whole if it was loaded for other outputs."""
        if self._load_whole is None:
            return self.session
        with self._loading:
            if self._load_whole is not None and not set(outputs).issubset(self.session.outputs):
                self.session, self._load_whole = self._load_whole(), None
        return self.session

    def _run(self, session: Session, outputs: Sequence[str], batch: Batch) -> BatchOutputs:
        values = session.run(outputs, batch.feeds(self._spec.inputs))
        for name, array in zip(outputs, values, strict=True):
            self._check(name, array, batch)
        return BatchOutputs(batch, values)

    def _check(self, name: str, array: Array, batch: Batch) -> None:
        """Check shape and values: numpy would broadcast a wrong shape, and NaN would get the first label."""
        texts, tokens = batch.input_ids.shape
        pooled = self._pooled_widths.get(name)
        expected = (texts, tokens, self._spec.width) if pooled is None else (texts, pooled)
        if array.shape != expected:
            raise BundleError(
                f"the encoder's graph returned {name} with shape {array.shape}, expected {expected} by the manifest"
            )
        if self._refuses_nan and not np.isfinite(array).all():
            raise EngineError(
                f"the encoder's graph returned NaN or infinity in {name}; load the bundle with precision='fp32'"
            )
