"""A bundle as LangChain's embeddings.

>>> InMemoryVectorStore(ClaxonEmbeddings("out/minilm"))
"""

from __future__ import annotations

import os

from claxon.encoder.encoder import Encoder
from claxon.integrations.shared import shared_encoder
from claxon.support.needed import needed

with needed("langchain-core", "claxon.integrations.langchain"):
    from langchain_core.embeddings import Embeddings


class ClaxonEmbeddings(Embeddings):  # type: ignore[misc]  # mypy does not look into it
    """Embeddings of documents and queries, each after the source's prompt for it, where it has one."""

    def __init__(
        self,
        bundle: str | os.PathLike[str] | Encoder,
        *,
        device: str = "auto",
        precision: str = "auto",
        threads: int | None = None,
    ) -> None:
        """Load the bundle, or take an encoder that is loaded; the options are those of ``Encoder.load``.

        Raises:
            BundleError, OptionError, DeviceError, EngineError, MissingDependencyError: as ``Encoder.load``.
        """
        self.encoder = shared_encoder(bundle, {"device": device, "precision": precision, "threads": threads})

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One embedding a document, in their order."""
        embeddings: list[list[float]] = self.encoder.encode_document(texts).tolist()
        return embeddings

    def embed_query(self, text: str) -> list[float]:
        """The embedding of a query."""
        embedding: list[float] = self.encoder.encode_query([text])[0].tolist()
        return embedding
