"""A bundle as txtai's external vectors; it imports nothing of txtai.

>>> txtai.Embeddings(method="external", transform=transform("out/minilm"))
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from claxon.encoder.embeddings import Matrix
from claxon.encoder.encoder import Encoder
from claxon.integrations.shared import shared_encoder


def transform(
    bundle: str | os.PathLike[str] | Encoder,
    *,
    device: str = "auto",
    precision: str = "auto",
    threads: int | None = None,
) -> Callable[[Iterable[str]], Matrix]:
    """A function from texts to embeddings; the options are those of ``Encoder.load``.

    Raises:
        BundleError, OptionError, DeviceError, EngineError, MissingDependencyError: as ``Encoder.load``.
    """
    encoder = shared_encoder(bundle, {"device": device, "precision": precision, "threads": threads})

    def embed(texts: Iterable[str]) -> Matrix:
        return encoder.encode(texts)

    return embed
