"""Cosines in numpy against the formula, written out label by label."""

from __future__ import annotations

import numpy as np
import pytest

from claxon.encoder.features import FloatMatrix
from claxon.errors import OptionError
from claxon.heads.label_sets import Combine
from claxon.heads.similarity import label_matrix, similarity_scores

TOLERANCE = 1e-6
WIDTH = 24
COUNTS = (1, 3, 2)


def unit_vectors(count: int, seed: int) -> FloatMatrix:
    vectors = np.random.default_rng(seed).normal(size=(count, WIDTH))
    unit: FloatMatrix = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


def plain_cosine(text: FloatMatrix, phrasings: FloatMatrix, combine: Combine) -> float:
    if combine is Combine.BEST:
        return float(max(text @ phrasing for phrasing in phrasings))
    mean = np.mean(phrasings, axis=0)
    return float(text @ mean / np.linalg.norm(mean))


@pytest.mark.parametrize("combine", Combine)
def test_scores_follow_the_formula(combine: Combine) -> None:
    texts, phrasings = unit_vectors(20, 1), unit_vectors(sum(COUNTS), 2)
    groups = np.split(phrasings, np.cumsum(COUNTS)[:-1])
    expected = [[plain_cosine(text, group, combine) for group in groups] for text in texts]
    found = similarity_scores(texts, label_matrix(phrasings, COUNTS, combine), COUNTS, combine)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize(("combine", "rows"), [(Combine.MEAN, len(COUNTS)), (Combine.BEST, sum(COUNTS))])
def test_the_matrix_has_unit_rows(combine: Combine, rows: int) -> None:
    matrix = label_matrix(unit_vectors(sum(COUNTS), 3), COUNTS, combine)
    assert matrix.shape == (rows, WIDTH)
    assert matrix.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(matrix, axis=1), 1, atol=TOLERANCE)


def test_a_phrasing_slightly_off_the_unit_norm_weighs_as_much_as_the_others() -> None:
    phrasings = unit_vectors(3, 4)
    scaled = phrasings * np.array([[1.0], [1.005], [0.995]], np.float32)
    np.testing.assert_allclose(
        label_matrix(scaled, (1, 2), Combine.MEAN),
        label_matrix(phrasings, (1, 2), Combine.MEAN),
        atol=TOLERANCE,
    )


@pytest.mark.parametrize("combine", Combine)
def test_no_texts_give_no_rows(combine: Combine) -> None:
    matrix = label_matrix(unit_vectors(sum(COUNTS), 5), COUNTS, combine)
    assert similarity_scores(unit_vectors(1, 6)[:0], matrix, COUNTS, combine).shape == (0, len(COUNTS))


@pytest.mark.parametrize("rows", [5, 7])
def test_a_row_for_each_phrasing_is_expected(rows: int) -> None:
    with pytest.raises(OptionError, match=rf"shape \({rows}, {WIDTH}\), expected a row for each of 6 phrasings"):
        label_matrix(unit_vectors(rows, 7), COUNTS, Combine.MEAN)


def test_a_label_without_phrasings_is_refused() -> None:
    with pytest.raises(OptionError, match="one phrasing or more a label"):
        label_matrix(unit_vectors(2, 8), (2, 0), Combine.BEST)


def test_one_vector_is_no_matrix() -> None:
    with pytest.raises(OptionError, match="of shape"):
        label_matrix(np.ones(2, np.float32), (1, 1), Combine.BEST)  # type: ignore[arg-type]


@pytest.mark.parametrize("factor", [0.0, 3.0, np.nan, np.inf])
def test_a_row_without_unit_norm_is_refused(factor: float) -> None:
    vectors = unit_vectors(2, 9)
    vectors[1] *= np.float32(factor)
    with pytest.raises(OptionError, match="embedding of phrasing 1 has the norm"):
        label_matrix(vectors, (1, 1), Combine.BEST)


def test_phrasings_that_cancel_each_other_out_are_refused() -> None:
    vectors = unit_vectors(3, 10)
    vectors[2] = -vectors[1]
    with pytest.raises(OptionError, match="phrasings of label 1 cancel each other out"):
        label_matrix(vectors, (1, 2), Combine.MEAN)
    assert label_matrix(vectors, (1, 2), Combine.BEST).shape == (3, WIDTH)
