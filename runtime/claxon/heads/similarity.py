"""Embeddings against labels: cosines, as the ONNX similarity head computes them. Pure numpy.

Cosines in [-1, 1] are not probabilities; they do not sum to one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from claxon.encoder.features import FloatMatrix
from claxon.errors import OptionError
from claxon.heads.label_sets import Combine

DoubleMatrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]

# float16 encoders give norms off by up to 1e-3 from 1; a vector that was never normalised is off by far more.
UNIT_NORM_TOLERANCE = 1e-2
# Phrasings whose mean is shorter than this cancel each other out: its direction would be noise.
SMALLEST_MEAN_NORM = 1e-6


def label_matrix(embeddings: FloatMatrix, counts: Sequence[int], combine: Combine) -> FloatMatrix:
    """The unit vectors that texts are compared with.

    Args:
        embeddings: Unit-norm embeddings of all phrasings, label after label. Shape: ``(phrasings, width)``,
            float32.
        counts: How many phrasings each label has.
        combine: ``MEAN`` gives one vector a label, ``BEST`` keeps one a phrasing.

    Returns:
        Shape: ``(labels, width)`` for ``MEAN``, ``(phrasings, width)`` for ``BEST``; float32.

    Raises:
        OptionError: not one finite unit-norm row a phrasing, or phrasings of a label that cancel each other
            out.
    """
    vectors = np.asarray(embeddings, np.float64)
    _check_embeddings(vectors, counts)
    if combine == Combine.MEAN:
        sums = np.add.reduceat(_unit(vectors), _starts(counts), axis=0)
        means = sums / np.asarray(counts)[:, np.newaxis]
        _check_means(means)
        vectors = means
    return _unit(vectors).astype(np.float32)


def similarity_scores(
    features: FloatMatrix, matrix: FloatMatrix, counts: Sequence[int], combine: Combine
) -> FloatMatrix:
    """The cosine of every text with every label.

    Args:
        features: Unit-norm embeddings of the texts. Shape: ``(texts, width)``, float32.
        matrix: What ``label_matrix`` gave for the same ``counts`` and ``combine``.
        counts: How many phrasings each label has.
        combine: ``BEST`` takes the largest cosine among a label's phrasings.

    Returns:
        Shape: ``(texts, labels)``, float32.
    """
    cosines: FloatMatrix = features @ matrix.T
    if combine == Combine.BEST:
        cosines = np.maximum.reduceat(cosines, _starts(counts), axis=1)
    return cosines


def _starts(counts: Sequence[int]) -> list[int]:
    """The row at which each label's phrasings begin."""
    return [0, *np.cumsum(counts)[:-1].tolist()]


def _unit(vectors: DoubleMatrix) -> DoubleMatrix:
    unit: DoubleMatrix = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _check_embeddings(vectors: DoubleMatrix, counts: Sequence[int]) -> None:
    if vectors.ndim != 2 or len(vectors) != sum(counts) or min(counts, default=0) < 1:
        raise OptionError(
            f"embeddings are of shape {vectors.shape}, expected a row for each of {sum(counts)} phrasings, "
            "and one phrasing or more a label"
        )
    norms = np.linalg.norm(vectors, axis=1)
    off = ~(np.abs(norms - 1) <= UNIT_NORM_TOLERANCE)  # written so that NaN is off too
    if off.any():
        row = int(np.argmax(off))
        raise OptionError(f"the embedding of phrasing {row} has the norm {norms[row]:.4g}, expected 1")


def _check_means(means: DoubleMatrix) -> None:
    norms = np.linalg.norm(means, axis=1)
    if (norms < SMALLEST_MEAN_NORM).any():
        label = int(np.argmin(norms))
        raise OptionError(
            f"the phrasings of label {label} cancel each other out (norm of their mean: {norms[label]:.4g}); "
            "say them differently, or use combine='best'"
        )
