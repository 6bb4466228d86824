"""Which texts are trained on: the surest of each label, and no label too many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claxon.encoder.features import FloatMatrix
from claxon.errors import OptionError
from claxon.heads.decision import Abstention
from claxon_export.pseudo_labels.selection import SelectionRule, select

FREE = np.ones(100, np.bool_)


def leads(*rows: tuple[int, float], n_labels: int = 3) -> FloatMatrix:
    """Scores of 0.5, and of the given label so much more."""
    scores = np.full((len(rows), n_labels), 0.5, np.float32)
    for row, (label, lead) in enumerate(rows):
        scores[row, label] += np.float32(lead)
    return scores


def names(count: int) -> list[str]:
    return [f"text {i}" for i in range(count)]


def test_the_largest_margins_of_each_label_are_taken() -> None:
    scores = leads((0, 0.1), (0, 0.4), (0, 0.3), (0, 0.2), (1, 0.01), (1, 0.02), (2, 0.3), (2, 0.2))
    result = select(scores, names(8), SelectionRule(0.5, per_label=None), FREE[:8])
    assert result.rows.tolist() == [1, 5, 6]  # an equal part of half of 8 texts is one text a label
    assert result.nearest.tolist() == [0, 0, 0, 0, 1, 1, 2, 2]


def test_so_many_a_label_in_place_of_a_share() -> None:
    scores = leads((0, 0.1), (0, 0.4), (0, 0.3), (1, 0.01), (2, 0.3), (2, 0.2))
    result = select(scores, names(6), SelectionRule(per_label=2), FREE[:6])
    assert [result.rows_of(label).tolist() for label in range(3)] == [[1, 2], [3], [4, 5]]


def test_no_label_gets_more_than_its_equal_part() -> None:
    scores = leads(*[(0, 0.1 + i / 1000) for i in range(80)], *[(1, 0.1)] * 10, *[(2, 0.1)] * 10)
    result = select(scores, names(100), SelectionRule(0.3), FREE)
    assert [len(result.rows_of(label)) for label in range(3)] == [10, 3, 3]


def test_threshold_and_margin_leave_texts_out() -> None:
    scores = leads((0, 0.3), (0, 0.1), (1, 0.3), (1, 0.1))
    rule = SelectionRule(per_label=9, abstention=Abstention(margin=0.2))
    assert select(scores, names(4), rule, FREE[:4]).rows.tolist() == [0, 2]
    rule = SelectionRule(per_label=9, abstention=Abstention(threshold=0.9))
    assert select(scores, names(4), rule, FREE[:4]).rows.tolist() == []


def test_a_text_that_is_there_twice_is_taken_once() -> None:
    scores = leads((0, 0.3), (0, 0.3), (1, 0.1))
    assert select(scores, ["same", "same", "other"], SelectionRule(per_label=9), FREE[:3]).rows.tolist() == [0, 2]


def test_blank_texts_are_not_taken() -> None:
    scores = leads((0, 0.9), (0, 0.1), (1, 0.9), (1, 0.1))
    assert select(scores, ["", "a", " \n", "b"], SelectionRule(per_label=9), FREE[:4]).rows.tolist() == [1, 3]


def test_what_may_not_be_taken_is_not() -> None:
    may = np.array([False, True, True])
    assert select(leads((0, 0.9), (0, 0.1), (1, 0.1)), names(3), SelectionRule(per_label=9), may).rows.tolist() == [
        1,
        2,
    ]


@given(st.integers(1, 60), st.integers(2, 5), st.floats(0.01, 1), st.integers(0, 1000))
def test_what_is_left_out_of_a_label_is_no_surer_than_what_is_taken(
    n_texts: int, n_labels: int, share: float, seed: int
) -> None:
    """Property: margins decide, within each label and its quota."""
    scores = np.random.default_rng(seed).random((n_texts, n_labels)).astype(np.float32)
    rule = SelectionRule(share)
    result = select(scores, names(n_texts), rule, np.ones(n_texts, np.bool_))
    assert result.rows.tolist() == sorted(set(result.rows.tolist()))
    for label in range(n_labels):
        of_label, taken = np.flatnonzero(result.nearest == label), result.rows_of(label)
        assert len(taken) == min(len(of_label), rule.quota(len(of_label), n_texts, n_labels))
        left = np.setdiff1d(of_label, taken)
        if len(taken) and len(left):
            assert result.margins[taken].min() >= result.margins[left].max()


@pytest.mark.parametrize(("share", "per_label"), [(0.0, None), (1.1, None), (float("nan"), None), (0.3, 0), (0.3, 1.5)])
def test_numbers_that_cannot_be_met(share: float, per_label: int | None) -> None:
    with pytest.raises(OptionError, match=r"share is|per_label is"):
        SelectionRule(share, per_label)
