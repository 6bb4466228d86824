"""pandas: ``import claxon.pandas`` gives every data frame ``frame.claxon``.

>>> frame.claxon.predict("review", "out/minilm")
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from claxon.errors import InputError
from claxon.integrations.ray import Predictor
from claxon.support.needed import needed

with needed("pandas", "claxon.pandas"):
    import pandas as pd


@pd.api.extensions.register_dataframe_accessor("claxon")
class ClaxonAccessor:
    """Labels, scores and embeddings of a data frame's columns; ``frame.claxon`` is one."""

    def __init__(self, frame: Any) -> None:
        """Of a data frame."""
        self._frame = frame

    def predict(
        self,
        column: str,
        bundle: str | os.PathLike[str],
        *,
        heads: str | Sequence[str] | None = None,
        embed: bool = False,
        errors: str = "raise",
        prefix: str = "",
        threshold: float | None = None,
        margin: float | None = None,
        threads: int | None = None,
        device: str = "auto",
        precision: str = "auto",
        max_tokens: int | None = None,
    ) -> Any:
        """A new data frame with the columns of this one and those that ``claxon.ray.Predictor`` adds.

        Args:
            column: The texts.
            bundle: Its folder.
            heads: The head that answers, or several; ``None`` for the only one, or for none with ``embed``.
            embed: Add the embedding, float32.
            errors: ``raise`` at a row that is no text; or ``record`` it in the column ``error`` and serve the others.
            prefix: Put before the names of the columns that are added.
            threshold: As for ``Classifier.predict``, and so is ``margin``: labels that do not pass are missing.
            margin: The best score minus the second best.
            threads: As for ``Encoder.load``, and so are the following.
            device: ``auto``, ``cpu``, ``cuda`` or ``openvino``.
            precision: One that the bundle holds, or ``auto``.
            max_tokens: Cut texts at fewer tokens than the bundle's limit.

        Returns:
            The index and the columns of this frame, with ``predicted_label``, ``score``, ``truncated`` and the like.

        Raises:
            InputError: there is no such column, or two; a row is no text.
            OptionError: an option's value cannot be met, or a column of the name of an added one is there.
            BundleError, DeviceError, EngineError, MissingDependencyError: as ``Encoder.load``.
        """
        if list(self._frame.columns).count(column) > 1:
            raise InputError(f"two columns are named {column!r}; rename one")
        predictor = Predictor(
            bundle,
            text=column,
            heads=heads,
            embed=embed,
            errors=errors,
            prefix=prefix,
            threshold=threshold,
            margin=margin,
            threads=threads,
            device=device,
            precision=precision,
            max_tokens=max_tokens,
        )
        return predictor(self._frame)
