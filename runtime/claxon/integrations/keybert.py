"""A bundle as the embedding backend of KeyBERT.

>>> keybert.KeyBERT(model=ClaxonBackend("out/minilm")).extract_keywords(text)
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from claxon.encoder.encoder import Encoder
from claxon.encoder.features import FloatMatrix
from claxon.integrations.shared import shared_encoder
from claxon.support.needed import needed

with needed("keybert", "claxon.integrations.keybert"):
    from keybert.backend import BaseEmbedder


class ClaxonBackend(BaseEmbedder):  # type: ignore[misc]  # it ships no types
    """What KeyBERT asks for embeddings."""

    def __init__(
        self, bundle: str | os.PathLike[str] | Encoder, *, device: str = "auto", precision: str = "auto"
    ) -> None:
        """Load the bundle, or take an encoder that is loaded.

        Raises:
            BundleError, OptionError, DeviceError, EngineError, MissingDependencyError: as ``Encoder.load``.
        """
        super().__init__()
        self.embedding_model = shared_encoder(bundle, {"device": device, "precision": precision})

    def embed(self, documents: Iterable[str], verbose: Any = False) -> FloatMatrix:
        """The embeddings of documents or words. Shape: ``(texts, width)``, float32."""
        return self.embedding_model.encode(list(documents), show_progress_bar=bool(verbose), on_truncation="ignore")
