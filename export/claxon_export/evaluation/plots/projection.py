"""Vectors -> points on a plane, for the map of the embeddings."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.errors import MissingDependencyError
from claxon_export.requirements import required

Array = np.ndarray[Any, Any]

NEIGHBOURS, MIN_DISTANCE = 15, 0.1
# UMAP lays out neighborhoods; with fewer texts than this there are none to speak of.
FEWEST_FOR_UMAP = 4 * NEIGHBOURS


@dataclass(frozen=True, slots=True)
class Projection:
    """Points, shape ``(texts, 2)``; ``method`` is ``UMAP`` or ``PCA``, and ``remark`` says why if it is not UMAP."""

    points: Array
    method: str
    remark: str = ""


def projected(vectors: Array, seed: int) -> Projection:
    """Vectors scaled to [0, 1] column by column, then laid out by UMAP with cosine distance, else by PCA.

    UMAP keeps neighbors together (McInnes, Healy and Melville 2018); distances between far points mean little.

    Args:
        vectors: Shape: ``(texts, width)``.
        seed: Fixes the layout.
    """
    with required("threadpoolctl").threadpool_limits(1, user_api="blas"):
        scaled = required("sklearn.preprocessing").MinMaxScaler().fit_transform(vectors.astype(np.float64))
        return _laid_out(scaled, seed)


def _laid_out(scaled: Array, seed: int) -> Projection:
    if len(scaled) < FEWEST_FOR_UMAP:
        return _pca(scaled, f"{len(scaled)} texts are too few for UMAP, so this is PCA")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numba's and UMAP's own, which are about their insides
            umap = required("umap", extra="report")
            model = umap.UMAP(
                n_neighbors=NEIGHBOURS, min_dist=MIN_DISTANCE, metric="cosine", random_state=seed, n_jobs=1
            )
            return Projection(np.asarray(model.fit_transform(scaled), np.float64), "UMAP")
    except MissingDependencyError:
        return _pca(scaled, "umap-learn is not installed (pip install 'claxon[report]'), so this is PCA")


def _pca(scaled: Array, remark: str) -> Projection:
    """The two directions of largest variance, by singular values; their signs are fixed, so that runs agree."""
    centred = scaled - scaled.mean(axis=0)
    left, sizes, right = np.linalg.svd(centred, full_matrices=False)
    signs = np.sign(right[np.arange(len(right)), np.abs(right).argmax(axis=1)])
    points = np.zeros((len(scaled), 2))
    kept = min(2, len(sizes))
    points[:, :kept] = (left * sizes * signs)[:, :kept]
    return Projection(points, "PCA", remark)
