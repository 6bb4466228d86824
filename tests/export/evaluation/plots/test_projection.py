"""Vectors on a plane: UMAP where it can be had, PCA elsewhere, and it says which."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from claxon.errors import MissingDependencyError
from claxon_export.evaluation.plots import projection
from claxon_export.evaluation.plots.projection import projected
from claxon_export.requirements import required


def vectors(texts: int) -> np.ndarray[Any, Any]:
    draws = np.random.default_rng(0)
    return (np.eye(2, 12)[np.arange(texts) % 2] * 6 + draws.normal(size=(texts, 12))).astype(np.float32)


@pytest.fixture
def no_umap(monkeypatch: pytest.MonkeyPatch) -> None:
    there = required

    def absent(module: str, **options: str) -> Any:
        if module == "umap":
            raise MissingDependencyError("umap cannot be imported")
        return there(module, **options)

    monkeypatch.setattr(projection, "required", absent)


def test_umap_keeps_clouds_apart_and_has_a_seed() -> None:
    pytest.importorskip("umap")
    given = vectors(80)
    result, again = projected(given, seed=3), projected(given, seed=3)
    assert (result.method, result.remark, result.points.shape) == ("UMAP", "", (80, 2))
    assert (result.points == again.points).all()
    one, other = result.points[::2], result.points[1::2]
    distances = np.linalg.norm(one.mean(axis=0) - other.mean(axis=0)), one.std()
    assert distances[0] > distances[1]


@pytest.mark.usefixtures("no_umap")
def test_without_umap_it_is_pca_and_says_so() -> None:
    result = projected(vectors(80), seed=0)
    assert result.method == "PCA"
    assert result.remark == "umap-learn is not installed (pip install 'claxon[report]'), so this is PCA"


def test_few_texts_are_laid_out_by_pca_and_it_says_so() -> None:
    result = projected(vectors(10), seed=0)
    assert (result.method, result.points.shape) == ("PCA", (10, 2))
    assert result.remark == "10 texts are too few for UMAP, so this is PCA"


@pytest.mark.usefixtures("no_umap")
def test_pca_is_that_of_scikit_learn_up_to_signs() -> None:
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import MinMaxScaler

    given = vectors(80)
    expected = PCA(2).fit_transform(MinMaxScaler().fit_transform(given.astype(np.float64)))
    np.testing.assert_allclose(np.abs(projected(given, seed=0).points), np.abs(expected), atol=1e-9)


@pytest.mark.parametrize("given", [np.zeros((5, 4), np.float32), np.ones((1, 4), np.float32), np.eye(3, 1)])
def test_degenerate_vectors_have_points(given: np.ndarray[Any, Any]) -> None:
    result = projected(given, seed=0).points
    assert result.shape == (len(given), 2)
    assert np.isfinite(result).all()
