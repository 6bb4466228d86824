"""Features of texts as a fit takes them: from the encoder or the cache, every one of them finite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from claxon.bundle.manifest import Feature
from claxon.encoder.encoder import Encoder
from claxon.encoder.features import FloatMatrix
from claxon_export.data.feature_cache import cached_features
from claxon_export.errors import TrainingError
from claxon_export.training.options import FitOptions


@dataclass(frozen=True, slots=True)
class Encoded:
    """Features of all texts, and what they were made with.

    Attributes:
        values: float32, each of shape ``(texts, width)``.
        precision: Of the encoder's graph.
        device: Where it ran.
    """

    values: Mapping[Feature, FloatMatrix]
    precision: str
    device: str

    def check_finite(self, name: str, place: str, lines: Sequence[int]) -> None:
        """Raise ``TrainingError`` at the first text with a number that is none; ``lines`` tell where each text is."""
        for feature, values in self.values.items():
            odd = np.flatnonzero(~np.isfinite(values).all(axis=1))
            if len(odd):
                raise TrainingError(
                    f"{name}: the features of {place} {lines[odd[0]]} are not finite ({feature}; {len(odd):,} such "
                    "texts); try another --precision, or export the bundle again"
                )

    def only(self, rows: Sequence[int], feature: Feature) -> Encoded:
        """One feature of some texts."""
        return Encoded({feature: self.values[feature][list(rows)]}, self.precision, self.device)


def encode(encoder: Encoder, texts: Sequence[str], features: Sequence[Feature], options: FitOptions) -> Encoded:
    """The features of texts.

    Args:
        encoder: As it runs with ``options.precision``.
        texts: What is encoded.
        features: Which ones.
        options: Of the cache and of what is shown.

    Raises:
        As ``cached_features``.
    """
    values = cached_features(
        encoder,
        texts,
        features=features,
        cache=options.cache,
        precision=options.precision,
        show_progress_bar=options.show_progress_bar,
    )
    return Encoded(values, encoder.precision, str(encoder.device))
