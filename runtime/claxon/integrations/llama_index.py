"""A bundle as LlamaIndex' embedding model.

>>> VectorStoreIndex.from_documents(documents, embed_model=ClaxonEmbedding("out/minilm"))
"""

from __future__ import annotations

import os
from typing import Any

from claxon.encoder.encoder import Encoder
from claxon.integrations.shared import shared_encoder
from claxon.support.needed import needed

with needed("llama-index-core", "claxon.integrations.llama_index"):
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from pydantic import PrivateAttr


class ClaxonEmbedding(BaseEmbedding):  # type: ignore[misc]  # mypy does not look into it
    """Embeddings of texts and queries, each after the source's prompt for it, where it has one."""

    _encoder: Any = PrivateAttr()

    def __init__(
        self,
        bundle: str | os.PathLike[str] | Encoder,
        *,
        device: str = "auto",
        precision: str = "auto",
        threads: int | None = None,
        embed_batch_size: int = 512,
    ) -> None:
        """Load the bundle, or take an encoder that is loaded.

        Args:
            bundle: Its folder, or an encoder.
            device: As for ``Encoder.load``, and so are the following two.
            precision: One that the bundle holds, or ``auto``.
            threads: Threads inside an operator.
            embed_batch_size: Texts that LlamaIndex hands over at a time, up to 2,048: many, so that batches of texts
                of one length are found among them.

        Raises:
            BundleError, OptionError, DeviceError, EngineError, MissingDependencyError: as ``Encoder.load``.
        """
        encoder = shared_encoder(bundle, {"device": device, "precision": precision, "threads": threads})
        super().__init__(model_name=str(encoder.bundle.path), embed_batch_size=embed_batch_size)
        self._encoder = encoder

    @classmethod
    def class_name(cls) -> str:
        """What LlamaIndex writes down."""
        return "ClaxonEmbedding"

    def _get_query_embedding(self, query: str) -> list[float]:
        embedding: list[float] = self._encoder.encode_query([query])[0].tolist()
        return embedding

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        embeddings: list[list[float]] = self._encoder.encode_document(texts).tolist()
        return embeddings
