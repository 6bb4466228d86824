"""Embeddings quantized and compared: what sentence-transformers' own functions give for the same arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from claxon.bundle.manifest import SimilarityKind
from claxon.encoder import embeddings as module
from claxon.encoder.embeddings import Quantization, pairwise_similarities, quantized, similarities, unit_norm
from claxon.errors import InputError

RNG = np.random.default_rng(5)
SOME, OTHERS = RNG.normal(size=(7, 12)).astype(np.float32), RNG.normal(size=(5, 12)).astype(np.float32)
THEIR_NAMES = {"cosine": "cos_sim", "dot": "dot_score", "euclidean": "euclidean_sim", "manhattan": "manhattan_sim"}


@pytest.fixture(scope="module")
def theirs() -> Any:
    return pytest.importorskip("sentence_transformers.util", reason="sentence-transformers is not installed")


@pytest.mark.parametrize("kind", Quantization)
@pytest.mark.parametrize("rows", [SOME, SOME[:1], np.zeros((3, 12), np.float32)], ids=["some", "one", "zeros"])
def test_the_numbers_are_theirs(kind: Quantization, rows: Any, theirs: Any) -> None:
    quantize = pytest.importorskip("sentence_transformers.util.quantization").quantize_embeddings
    found, expected = quantized(rows, kind), quantize(rows, str(kind))
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype


@pytest.mark.parametrize("kind", Quantization)
def test_no_rows_stay_no_rows(kind: Quantization) -> None:
    assert len(quantized(SOME[:0], kind)) == 0


@pytest.mark.parametrize("kind", SimilarityKind)
@pytest.mark.parametrize("most", [1 << 24, 1])
def test_the_similarities_are_theirs(
    kind: SimilarityKind, most: int, theirs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_DIFFERENCES", most)
    found, expected = similarities(SOME, OTHERS, kind), getattr(theirs, THEIR_NAMES[kind])(SOME, OTHERS)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert found.dtype == np.float32
    pairs = getattr(theirs, f"pairwise_{THEIR_NAMES[kind]}")(SOME[:5], OTHERS)
    np.testing.assert_allclose(pairwise_similarities(SOME[:5], OTHERS, kind), pairs, atol=1e-5)


def test_one_embedding_may_be_a_vector() -> None:
    assert similarities(SOME[0], OTHERS, SimilarityKind.COSINE).shape == (1, 5)
    assert pairwise_similarities(SOME[0], OTHERS[0], SimilarityKind.DOT).shape == (1,)


@given(arrays.arrays(np.float32, (4, 3), elements=st.floats(-1e6, 1e6, width=32)))
def test_unit_norm_rows_have_length_one_or_are_zeros(rows: Any) -> None:
    lengths = np.linalg.norm(unit_norm(rows).astype(np.float64), axis=1)
    assert np.all((np.abs(lengths - 1) < 1e-5) | (np.linalg.norm(rows, axis=1) < 1e-6))


@pytest.mark.parametrize("wrong", [np.zeros((2, 11)), np.zeros((2, 3, 12)), ["a"]])
def test_what_cannot_be_compared_is_an_error(wrong: Any) -> None:
    with pytest.raises(InputError):
        similarities(SOME, wrong, SimilarityKind.COSINE)
    with pytest.raises(InputError):
        pairwise_similarities(SOME, wrong, SimilarityKind.COSINE)
