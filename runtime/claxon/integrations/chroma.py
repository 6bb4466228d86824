"""A bundle as Chroma's embedding function.

>>> client.create_collection("reviews", embedding_function=ClaxonEmbeddingFunction("out/minilm"))
"""

from __future__ import annotations

import os
from typing import Any

from claxon.encoder.encoder import Encoder
from claxon.integrations.shared import shared_encoder
from claxon.support.needed import needed

with needed("chromadb", "claxon.integrations.chroma"):
    from chromadb.api.types import Documents, EmbeddingFunction, Embeddings
    from chromadb.utils.embedding_functions import register_embedding_function


@register_embedding_function
class ClaxonEmbeddingFunction(EmbeddingFunction[Documents]):  # type: ignore[misc]  # mypy does not look into it
    """Embeddings of documents and queries; a collection keeps the bundle's path, and opens it again by itself.

    Chroma finds the function of a kept collection where this module was imported.
    """

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
        self._encoder = shared_encoder(bundle, {"device": device, "precision": precision, "threads": threads})
        self._config = {"device": device, "precision": precision, "threads": threads}

    def __call__(self, input: Documents) -> Embeddings:  # noqa: A002  # Chroma's name
        """One embedding a document, in their order."""
        return list(self._encoder.encode_document(input))

    def embed_query(self, input: Documents) -> Embeddings:  # noqa: A002  # likewise
        """One embedding a query."""
        return list(self._encoder.encode_query(input))

    @staticmethod
    def name() -> str:
        """What a collection keeps as the function's name."""
        return "claxon"

    def get_config(self) -> dict[str, Any]:
        """What a collection keeps of it: the bundle's path and the options."""
        return {"bundle": str(self._encoder.bundle.path.absolute()), **self._config}

    @staticmethod
    def build_from_config(config: dict[str, Any]) -> ClaxonEmbeddingFunction:
        """The function of a collection that was kept."""
        return ClaxonEmbeddingFunction(**config)
