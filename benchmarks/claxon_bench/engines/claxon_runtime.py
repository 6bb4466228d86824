"""Claxon as its users load it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from claxon_bench.engines.serving import Setup

IMPORTS = ("claxon",)
PACKAGES = ("claxon", "onnxruntime", "onnxruntime-gpu", "onnxruntime-ep-openvino", "tokenizers", "numpy")


def load(setup: Setup) -> ClaxonRuntime:
    """The bundle's encoder, or its head."""
    return ClaxonRuntime(setup)


class ClaxonRuntime:
    """An encoder or a classifier of a bundle."""

    def __init__(self, setup: Setup) -> None:
        import claxon

        options: dict[str, Any] = {name: setup[name] for name in ("device", "precision", "threads", "max_tokens")}
        self._classifier = None
        if setup["kind"] == "classifier":
            self._classifier = claxon.load(setup["model"], setup["head"], **options)
        self._encoder = self._classifier.encoder if self._classifier else claxon.Encoder.load(setup["model"], **options)
        self._max_tokens = setup["max_tokens"]
        self.runs = f"{self._encoder.precision} on {self._encoder.device}"

    def __call__(self, texts: Sequence[str], batch_size: int | None) -> Any:
        """Vectors or probabilities. A batch size that is asked for is met: the token budget makes room for it."""
        if batch_size is not None:
            self._encoder.token_budget = batch_size * self._max_tokens
        if self._classifier is not None:
            return self._classifier.predict_proba(texts, batch_size=batch_size, on_truncation="ignore")
        return self._encoder.encode(texts, batch_size=batch_size, on_truncation="ignore")

    def stream(self, texts: Iterable[str]) -> Iterator[Any]:
        """A result a text, one after the other."""
        if self._classifier is None:
            yield from self._encoder.encode_iter(texts)
            return
        for found in self._classifier.predictions_iter(texts):
            yield from found.scores
