"""The truth that judges: where it stands, and what is held out for it."""

from __future__ import annotations

from typing import Any

import pytest

from claxon.errors import OptionError
from claxon_export.errors import LabelError
from claxon_export.pseudo_labels.truth import UNKNOWN, KnownTruth

LABELS = ["1", "2"]


def known(truth: Any, n_texts: int = 4, test_size: float = 0.5, seed: int = 0) -> KnownTruth:
    return KnownTruth.from_labels(truth, LABELS, n_texts, test_size=test_size, seed=seed)


def test_each_truth_is_its_labels_place_whatever_its_type() -> None:
    result = known([1, "2", None, " "])
    assert result.columns.tolist() == [0, 1, UNKNOWN, UNKNOWN]
    assert result.is_known.tolist() == [True, True, False, False]


def test_a_share_of_the_known_is_held_out_the_same_for_the_same_seed() -> None:
    truth = [1, 2] * 20 + [None] * 60
    result = known(truth, 100, 0.25, seed=3)
    assert result.is_held_out.sum() == 10
    assert not result.is_held_out[40:].any()
    assert (result.is_held_out == known(truth, 100, 0.25, seed=3).is_held_out).all()
    assert (result.is_held_out != known(truth, 100, 0.25, seed=4).is_held_out).any()


def test_texts_equal_to_one_held_out_are_not_free() -> None:
    result = known([1, None, None, None], test_size=0.9)
    assert result.is_held_out.tolist() == [True, False, False, False]
    assert result.is_free(["same", "same", "other", "more"]).tolist() == [False, False, True, True]


@pytest.mark.parametrize("truth", [[1, 2, None, None], [None, None, 2, None]])
def test_one_is_held_out_however_few_are_known(truth: Any) -> None:
    assert known(truth, test_size=0.2).is_held_out.sum() == 1


def test_without_a_truth_nothing_is_held_out() -> None:
    result = known(None)
    assert not result.is_known.any()
    assert not result.is_held_out.any()
    assert result.is_free(["a", "b", "c", "d"]).all()


@pytest.mark.parametrize(
    ("truth", "message"),
    [
        ([1, 2], "4 texts and 2 true labels"),
        ([None, "", " ", None], "of 4 texts none has a true label; label some, or leave the truth out"),
        ([1, "pos", 2, "pos"], r"truth 'pos' \(2 texts, the first is row 1\) is not one of the labels 1, 2"),
    ],
)
def test_a_truth_that_cannot_judge(truth: Any, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        known(truth)


@pytest.mark.parametrize(("test_size", "seed"), [(0.0, 0), (1.0, 0), (float("nan"), 0), (0.5, -1), (0.5, 1 << 32)])
def test_numbers_that_cannot_be_met(test_size: float, seed: int) -> None:
    with pytest.raises(OptionError, match=r"test_size is|seed is"):
        known([1, 2, 1, 2], test_size=test_size, seed=seed)
