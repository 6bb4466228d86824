"""How far an engine's results are from the reference's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon_bench.results import Accuracy, Kind

Array = np.ndarray[Any, Any]

# For a sentence encoder, a text's label is the nearest of these, each engine embedding them itself.
LABELS = ("Very Negative", "Negative", "Neutral", "Positive", "Very Positive")


@dataclass(frozen=True, slots=True)
class Outputs:
    """What one engine gave.

    Attributes:
        values: Embeddings or probabilities. Shape: ``(texts, columns)``, float32.
        labels: Which label each text gets. Shape: ``(texts,)``, int64.
    """

    values: Array
    labels: Array


def encoder_outputs(vectors: Array, label_vectors: Array) -> Outputs:
    """Embeddings, with the nearest of the label names by cosine as labels.

    Args:
        vectors: Shape: ``(texts, width)``, float32.
        label_vectors: Shape: ``(labels, width)``, float32.
    """
    return Outputs(vectors, (unit(vectors) @ unit(label_vectors).T).argmax(1))


def classifier_outputs(probabilities: Array) -> Outputs:
    """Probabilities of shape ``(texts, labels)``, with the most probable label."""
    return Outputs(probabilities, probabilities.argmax(1))


def compare(found: Outputs, reference: Outputs, *, name: str, kind: Kind) -> Accuracy:
    """``found`` against ``reference``, which is the engine called ``name``."""
    cosines = (unit(found.values) * unit(reference.values)).sum(1) if kind is Kind.ENCODER else None
    return Accuracy(
        reference=name,
        texts=len(found.labels),
        mean_cosine=None if cosines is None else float(cosines.mean()),
        min_cosine=None if cosines is None else float(cosines.min()),
        max_abs_difference=float(np.abs(found.values - reference.values).max()),
        label_agreement=float((found.labels == reference.labels).mean()),
    )


def unit(vectors: Array) -> Array:
    """Rows of norm 1, in float64; a row of zeros stays one."""
    doubles = vectors.astype(np.float64)
    norms = np.linalg.norm(doubles, axis=1, keepdims=True)
    return doubles / np.where(norms > 0, norms, 1.0)
