"""From scores to labels: ties, thresholds, dtypes, and probabilities that sum to one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from claxon.encoder.features import FloatMatrix
from claxon.errors import OptionError
from claxon.heads.decision import ANY_LABEL, Abstention, Label, label_array, margins, ranked, softmax, winners

SUM_TOLERANCE = 1e-6
SCORES = arrays(
    np.float32, array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=5), elements=st.floats(-1, 1, width=32)
)


def scores(*rows: list[float]) -> FloatMatrix:
    return np.array(rows, np.float32)


def names(matrix: FloatMatrix) -> list[str]:
    return [f"label {i}" for i in range(matrix.shape[1])]


@given(SCORES)
def test_the_winner_is_the_first_of_the_ranking_and_has_the_largest_score(matrix: FloatMatrix) -> None:
    labels = names(matrix)
    first = ranked(matrix, labels, 1)
    assert [row[0].label for row in first] == winners(matrix, labels).tolist()
    assert [row[0].score for row in first] == matrix.max(axis=1).tolist()


@given(SCORES, st.integers(1, 6), st.none() | st.floats(-1, 1))
def test_a_ranking_falls_and_keeps_its_limits(matrix: FloatMatrix, top_k: int, threshold: float | None) -> None:
    for row, found in zip(matrix, ranked(matrix, names(matrix), top_k, Abstention(threshold)), strict=True):
        passing = len(row) if threshold is None else int(np.sum(row >= np.float32(threshold)))
        assert len(found) == min(top_k, passing)
        assert [label.score for label in found] == sorted((label.score for label in found), reverse=True)


@given(SCORES, st.floats(-1, 1), st.none() | st.floats(0, 1))
def test_a_winner_is_none_exactly_where_the_ranking_is_empty(
    matrix: FloatMatrix, threshold: float, margin: float | None
) -> None:
    abstention = Abstention(threshold, margin)
    found = winners(matrix, names(matrix), abstention)
    empty = [not row for row in ranked(matrix, names(matrix), None, abstention)]
    assert [label is None for label in found] == empty
    assert found.dtype == object


def test_of_equals_the_first_wins() -> None:
    matrix = scores([0.5, 0.5, 0.5])
    assert winners(matrix, ["a", "b", "c"]).tolist() == ["a"]
    assert [label.label for label in ranked(matrix, ["a", "b", "c"], None)[0]] == ["a", "b", "c"]


@pytest.mark.parametrize("threshold", [0.9, np.float32(0.9), np.float64(0.9)])
def test_a_score_equal_to_the_threshold_passes_although_float32_rounds(threshold: float) -> None:
    matrix = scores([0.9, 0.1])
    assert float(matrix[0, 0]) < 0.9001
    assert winners(matrix, ["a", "b"], Abstention.of(threshold, None)).tolist() == ["a"]
    assert ranked(matrix, ["a", "b"], 1, Abstention(threshold)) == [[Label("a", float(np.float32(0.9)))]]


@pytest.mark.parametrize(
    ("labels", "dtype"),
    [(["a", "bcd"], "<U3"), ([1, 2], "int64"), ([True, False], "bool"), ([0.5, 1.5], "float64"), ([1, "a"], "object")],
)
def test_labels_have_the_dtype_that_numpy_gives_them(labels: list[Any], dtype: str) -> None:
    found = label_array(labels)
    assert found.dtype == dtype
    assert found.tolist() == labels
    assert winners(scores([0.0, 1.0]), labels).dtype == dtype


def test_a_mixture_keeps_each_type() -> None:
    assert [type(label) for label in label_array([1, 1.5, True, "1"])] == [int, float, bool, str]


def test_no_texts() -> None:
    empty = np.empty((0, 3), np.float32)
    assert winners(empty, ["a", "b", "c"]).shape == (0,)
    assert winners(empty, ["a", "b", "c"], Abstention(0.5, 0.1)).tolist() == []
    assert ranked(empty, ["a", "b", "c"], 1) == []
    assert softmax(empty).shape == (0, 3)


@given(SCORES, st.floats(1e-300, 1e300))
def test_probabilities_sum_to_one_at_any_temperature(matrix: FloatMatrix, temperature: float) -> None:
    found = softmax(matrix, temperature)
    assert found.dtype == np.float32
    assert np.all((found >= 0) & (found <= 1))
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=SUM_TOLERANCE)
    best = np.take_along_axis(found, matrix.argmax(axis=1)[:, None], axis=1)
    assert np.all(best >= found), "softmax keeps the order"


@pytest.mark.parametrize("shift", [0.0, 1000.0, -1000.0])
def test_softmax_is_the_formula_and_does_not_overflow(shift: float) -> None:
    expected = np.exp([1.0, 2.0, 4.0]) / np.exp([1.0, 2.0, 4.0]).sum()
    np.testing.assert_allclose(softmax(scores([1, 2, 4]) + np.float32(shift))[0], expected, atol=SUM_TOLERANCE)


def test_a_temperature_divides() -> None:
    np.testing.assert_allclose(softmax(scores([1, 3]), 0.5), softmax(scores([2, 6])), atol=SUM_TOLERANCE)


def test_the_smallest_temperature_takes_the_largest_score() -> None:
    assert softmax(scores([0.1, 0.2]), 5e-324).tolist() == [[0.0, 1.0]]


def test_a_label_is_short_to_read() -> None:
    assert repr(Label("positive", 0.9712345)) == "Label('positive', 0.9712)"


# Abstaining.


@given(SCORES, st.floats(0, 2))
def test_a_margin_is_kept_by_exactly_the_rows_that_lead_by_it(matrix: FloatMatrix, margin: float) -> None:
    first, second = np.sort(matrix.astype(np.float64), axis=1)[:, ::-1][:, :2].T
    np.testing.assert_array_equal(margins(matrix), first - second)
    found = [label is not None for label in winners(matrix, names(matrix), Abstention(margin=margin))]
    is_clear = np.abs(first - second - margin) > 1e-6
    assert [kept for kept, sure in zip(found, is_clear, strict=True) if sure] == (first - second > margin)[
        is_clear
    ].tolist()


def test_a_lead_equal_to_the_margin_passes_although_float32_rounds() -> None:
    matrix = scores([0.9, 0.8], [0.9, 0.81])
    assert margins(matrix)[0] < 0.1
    assert winners(matrix, ["a", "b"], Abstention(margin=0.1)).tolist() == ["a", None]


def test_a_tie_has_no_margin() -> None:
    assert winners(scores([0.5, 0.5]), ["a", "b"], Abstention(margin=0.001)).tolist() == [None]
    assert winners(scores([0.5, 0.5]), ["a", "b"], Abstention(margin=0.0)).tolist() == ["a"]


def test_both_must_be_met() -> None:
    matrix = scores([0.9, 0.1], [0.4, 0.1], [0.9, 0.8])
    assert winners(matrix, ["a", "b"], Abstention(0.5, 0.2)).tolist() == ["a", None, None]


def test_a_row_without_margin_has_no_ranking_but_one_with_it_is_whole() -> None:
    found = ranked(scores([0.9, 0.1], [0.9, 0.8]), ["a", "b"], None, Abstention(margin=0.2))
    assert [[label.label for label in row] for row in found] == [["a", "b"], []]


def test_what_is_not_said_is_the_fallbacks() -> None:
    assert Abstention(0.5).over(Abstention(0.1, 0.2)) == Abstention(0.5, 0.2)
    assert ANY_LABEL.over(Abstention(0.1, 0.2)) == Abstention(0.1, 0.2)
    assert Abstention(0.5).over(ANY_LABEL) == Abstention(0.5)
    assert not ANY_LABEL.is_possible


@pytest.mark.parametrize("margin", [-0.1, float("nan"), float("inf"), "0.5", True])
def test_a_margin_is_a_number_from_0_up(margin: Any) -> None:
    with pytest.raises(OptionError, match="margin is"):
        Abstention.of(None, margin)
    assert Abstention.of(float("-inf"), 0) == Abstention(float("-inf"), 0.0)


@pytest.mark.parametrize("abstention", [ANY_LABEL, Abstention(0.0), Abstention(margin=0.0)])
def test_a_row_without_scores_has_no_ranking(abstention: Abstention) -> None:
    assert ranked(scores([np.nan, np.nan]), ["a", "b"], None, abstention) == [[]]
