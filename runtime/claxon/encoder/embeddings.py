"""Embeddings made shorter, unit-norm or smaller, and compared. Pure numpy; the words are sentence-transformers'."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import numpy as np

from claxon.bundle.manifest import SimilarityKind
from claxon.encoder.features import FloatMatrix, FloatVector
from claxon.errors import InputError

Matrix = np.ndarray[tuple[int, int], Any]
# What a norm is divided by at least, so that a row of zeros stays one.
LEAST_NORM = 1e-12
# Numbers that are differences of pairs at a time, 64 MiB of them: those of all pairs may not fit into memory.
MOST_DIFFERENCES = 1 << 24


class Quantization(StrEnum):
    """What the numbers of an embedding are; ``binary`` is ``ubinary`` minus 128, one bit a dimension."""

    FLOAT32 = "float32"
    INT8 = "int8"
    UINT8 = "uint8"
    BINARY = "binary"
    UBINARY = "ubinary"


def unit_norm(embeddings: FloatMatrix) -> FloatMatrix:
    """Every row divided by its length; a row of zeros stays. Shape: ``(texts, width)``, float32."""
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    divided: FloatMatrix = embeddings / np.maximum(lengths, np.float32(LEAST_NORM))
    return divided


def quantized(embeddings: FloatMatrix, kind: Quantization) -> Matrix:
    """Embeddings in less memory.

    ``int8`` and ``uint8`` spread each dimension's smallest to largest value *of these rows* over 256 steps: what two
    calls give is not to be compared. ``binary`` and ``ubinary`` keep the signs, eight to a byte.

    Args:
        embeddings: Shape: ``(texts, width)``, float32.
        kind: What the numbers become.

    Returns:
        Shape ``(texts, width)``, float32, int8 or uint8; or ``(texts, ceil(width / 8))``, int8 (``binary``) or uint8.
    """
    if kind is Quantization.FLOAT32:
        return embeddings
    if kind in (Quantization.BINARY, Quantization.UBINARY):
        bits: Matrix = np.packbits(embeddings > 0, axis=1)
        return bits if kind is Quantization.UBINARY else (bits.astype(np.int16) - 128).astype(np.int8)
    if not len(embeddings):
        return embeddings.astype(kind)
    least = embeddings.min(axis=0)
    steps = (embeddings.max(axis=0) - least) / 255
    levels: Matrix = np.clip(np.floor((embeddings - least) / np.where(steps == 0, 1, steps)), 0, 255)
    return levels.astype(np.uint8) if kind is Quantization.UINT8 else (levels - 128).astype(np.int8)


def similarities(one: Any, other: Any, kind: SimilarityKind) -> FloatMatrix:
    """How alike each row of one is to each row of the other; distances count negative.

    Args:
        one: Embeddings, or one of them. Shape: ``(rows, width)`` or ``(width,)``.
        other: Likewise. Shape: ``(columns, width)`` or ``(width,)``.
        kind: Cosine, dot product, or a negative distance.

    Returns:
        Shape: ``(rows, columns)``, float32.

    Raises:
        InputError: they are not of one width.
    """
    rows, columns = _matrix(one), _matrix(other)
    if rows.shape[1] != columns.shape[1]:
        raise InputError(f"embeddings of width {rows.shape[1]} cannot be compared with those of {columns.shape[1]}")
    if kind in (SimilarityKind.COSINE, SimilarityKind.DOT):
        take = unit_norm if kind is SimilarityKind.COSINE else np.asarray
        return take(rows) @ take(columns).T
    distance, found = DISTANCES[kind], np.empty((len(rows), len(columns)), np.float32)
    block = max(1, MOST_DIFFERENCES // max(1, columns.size))
    for start in range(0, len(rows), block):
        found[start : start + block] = -distance(rows[start : start + block, np.newaxis] - columns)
    return found


def pairwise_similarities(one: Any, other: Any, kind: SimilarityKind) -> FloatVector:
    """How alike each row of one is to the same row of the other.

    Args:
        one: Shape: ``(rows, width)``, or ``(width,)`` for one row.
        other: The same shape.
        kind: As for ``similarities``.

    Returns:
        Shape: ``(rows,)``, float32.

    Raises:
        InputError: they are not of one shape.
    """
    rows, others = _matrix(one), _matrix(other)
    if rows.shape != others.shape:
        raise InputError(f"pairs need embeddings of one shape, found {rows.shape} and {others.shape}")
    if kind in DISTANCES:
        distances: FloatVector = -DISTANCES[kind](rows - others)
        return distances
    take = unit_norm if kind is SimilarityKind.COSINE else np.asarray
    products: FloatVector = (take(rows) * take(others)).sum(axis=1)
    return products


def _manhattan(differences: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    total: np.ndarray[Any, Any] = np.abs(differences).sum(axis=-1)
    return total


def _euclidean(differences: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.asarray(np.linalg.norm(differences, axis=-1))


# By the differences of two vectors, on the last axis.
DISTANCES: dict[SimilarityKind, Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]] = {
    SimilarityKind.EUCLIDEAN: _euclidean,
    SimilarityKind.MANHATTAN: _manhattan,
}


def _matrix(embeddings: Any) -> FloatMatrix:
    array = np.asarray(embeddings)
    if array.ndim not in (1, 2) or array.dtype.kind not in "fiu":
        raise InputError(
            f"expected embeddings, an array of numbers of shape (texts, width), found {array.dtype} of {array.shape}"
        )
    matrix: FloatMatrix = np.atleast_2d(array).astype(np.float32, copy=False)
    return matrix
