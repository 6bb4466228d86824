"""A bundle as Haystack's embedders of texts and documents.

>>> pipeline.add_component("embedder", ClaxonTextEmbedder("out/minilm"))
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from claxon.encoder.encoder import Encoder
from claxon.integrations.shared import shared_encoder
from claxon.support.needed import needed

with needed("haystack-ai", "claxon.integrations.haystack"):
    from haystack import Document, component, default_from_dict, default_to_dict


class _Embedder:
    """What both embedders are made of: a path and options, which a kept pipeline writes down."""

    def __init__(
        self,
        bundle: str | os.PathLike[str],
        *,
        device: str = "auto",
        precision: str = "auto",
        threads: int | None = None,
    ) -> None:
        """Keep the bundle's path; it is loaded by ``warm_up`` or the first run. The options are ``Encoder.load``'s."""
        self.bundle = os.fspath(bundle)
        self.device = device
        self.precision = precision
        self.threads = threads

    def warm_up(self) -> None:
        """Load the bundle.

        Raises:
            BundleError, OptionError, DeviceError, EngineError, MissingDependencyError: as ``Encoder.load``.
        """
        self._encoder()

    def to_dict(self) -> dict[str, Any]:
        """What a kept pipeline writes down."""
        words = {"bundle": self.bundle, "device": self.device, "precision": self.precision, "threads": self.threads}
        kept: dict[str, Any] = default_to_dict(self, **words)
        return kept

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Any:
        """The embedder that a kept pipeline wrote down."""
        return default_from_dict(cls, data)

    def _encoder(self) -> Encoder:
        options = {"device": self.device, "precision": self.precision, "threads": self.threads}
        return shared_encoder(self.bundle, options)  # type: ignore[arg-type]  # a plain dict has no kinds


@component
class ClaxonTextEmbedder(_Embedder):
    """Embeds a query, after the source's prompt for queries, where it has one."""

    @component.output_types(embedding=list[float])  # type: ignore[untyped-decorator]  # mypy does not look into it
    def run(self, text: str) -> dict[str, Any]:
        """The embedding of ``text``, as ``embedding``."""
        return {"embedding": self._encoder().encode_query([text])[0].tolist()}


@component
class ClaxonDocumentEmbedder(_Embedder):
    """Embeds the contents of documents, after the source's prompt for documents, where it has one."""

    @component.output_types(documents=list[Document])  # type: ignore[untyped-decorator]  # mypy does not look into it
    def run(self, documents: list[Document]) -> dict[str, Any]:
        """The documents with their embeddings, as ``documents``; those that came in stay as they were."""
        embeddings = self._encoder().encode_document([document.content or "" for document in documents])
        pairs = zip(documents, embeddings.tolist(), strict=True)
        return {"documents": [replace(document, embedding=embedding) for document, embedding in pairs]}
