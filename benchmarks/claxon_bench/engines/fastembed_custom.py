"""fastembed with a custom model: an ONNX graph from a local folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from claxon_bench.engines.serving import Setup

IMPORTS = ("fastembed",)
PACKAGES = ("fastembed", "onnxruntime", "tokenizers", "numpy")
NAME = "claxon-bench/custom"


def load(setup: Setup) -> CustomEmbedding:
    """The exported graph."""
    return CustomEmbedding(setup)


class CustomEmbedding:
    """``TextEmbedding.embed``, which runs its batches in the texts' order."""

    def __init__(self, setup: Setup) -> None:
        from fastembed import TextEmbedding
        from fastembed.common.model_description import ModelSource, PoolingType

        TextEmbedding.add_custom_model(
            model=NAME,
            pooling=PoolingType.CLS if setup["pooling"] == "cls" else PoolingType.MEAN,
            normalization=setup["normalize"],
            sources=ModelSource(hf=NAME),
            dim=setup["width"],
            model_file="model.onnx",
        )
        folder = setup["prepared"]
        self._model: Any = TextEmbedding(NAME, threads=setup["threads"], specific_model_path=folder, cuda=False)
        # It has no option for the limit, which it takes from tokenizer_config.json.
        self._model.model.tokenizer.enable_truncation(max_length=setup["max_tokens"])
        self._batch_size = setup["batch_size"]
        self.runs = "onnx"

    def __call__(self, texts: Sequence[str], batch_size: int | None) -> Any:
        """Embeddings."""
        return np.stack(list(self._model.embed(list(texts), batch_size=batch_size or self._batch_size)))

    def stream(self, texts: Iterable[str]) -> Iterable[Any]:
        """An embedding a text, one after the other."""
        found: Iterable[Any] = self._model.embed(texts, batch_size=self._batch_size)
        return found
