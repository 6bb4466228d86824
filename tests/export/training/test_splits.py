"""Splits, folds and samples: every row once, labels in their shares, the same for the same seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claxon_export.errors import TrainingError
from claxon_export.training.splits import Split, draw, folds, held_out_split, ranks, repeated_notice, sample

Array = np.ndarray[Any, Any]


def targets_of(*counts: int) -> Array:
    return np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))


counts_of_labels = st.lists(st.integers(1, 12), min_size=2, max_size=6)


@given(counts_of_labels, st.floats(0.05, 0.8), st.integers(0, 5))
def test_a_split_has_every_row_once_and_learns_every_label(counts: list[int], test_size: float, seed: int) -> None:
    targets = targets_of(*counts)
    try:
        split = held_out_split(targets, test_size, seed)
    except TrainingError:
        n_test = round(len(targets) * test_size)
        assert n_test < 1 or n_test > len(targets) - len(counts)
        return
    assert sorted([*split.train, *split.test]) == list(range(len(targets)))
    assert len(split.test) == round(len(targets) * test_size)
    assert set(targets[split.train]) == set(range(len(counts)))


def test_labels_keep_their_shares() -> None:
    targets = targets_of(80, 20)
    assert np.bincount(targets[held_out_split(targets, 0.25, 0).test]).tolist() == [20, 5]


def test_the_seed_decides() -> None:
    targets = targets_of(30, 30)
    first, again, other = (held_out_split(targets, 0.2, seed).test.tolist() for seed in (1, 1, 2))
    assert first == again != other


def test_nothing_held_out() -> None:
    split = held_out_split(targets_of(1, 1), 0, 0)
    assert (len(split.train), len(split.test)) == (2, 0)


def test_too_few_rows() -> None:
    with pytest.raises(TrainingError, match="4 texts of 2 labels are too few to hold out 80%; give --test-size 0"):
        held_out_split(targets_of(2, 2), 0.8, 0)


@given(counts_of_labels, st.integers(2, 6), st.integers(0, 5))
def test_folds_judge_every_row_once_but_labels_of_one_row(counts: list[int], n_folds: int, seed: int) -> None:
    targets = targets_of(*counts)
    splits = folds(targets, n_folds, seed, texts=np.arange(len(targets)))
    judged = [row for split in splits for row in split.test]
    expected = [row for row, target in enumerate(targets) if counts[target] > 1]
    assert sorted(judged) == expected
    for split in splits:
        assert sorted([*split.train, *split.test]) == list(range(len(targets)))
        assert set(targets[split.train]) == set(range(len(counts)))


def test_folds_share_a_label_out_evenly() -> None:
    targets = targets_of(50, 10)
    assert [np.bincount(targets[split.test]).tolist() for split in folds(targets, 5, 0, texts=np.arange(60))] == [
        [10, 2]
    ] * 5


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 8)), min_size=1, max_size=40), st.integers(2, 6))
def test_equal_texts_are_never_apart_and_every_label_is_learnt(rows: list[tuple[int, int]], n_folds: int) -> None:
    targets, texts = (np.array(column) for column in zip(*rows, strict=True))
    splits = folds(targets, n_folds, 0, texts=texts)
    judged = [row for split in splits for row in split.test]
    assert len(judged) == len(set(judged))
    for split in splits:
        assert sorted([*split.train, *split.test]) == list(range(len(rows)))
        assert not set(texts[split.test]) & set(texts[split.train])
        assert set(targets[split.train]) == set(targets)


def test_repeated_texts_are_shared_out_evenly_too() -> None:
    targets, texts = np.tile(targets_of(50, 10), 3), np.tile(np.arange(60), 3)
    splits = folds(targets, 5, 0, texts=texts)
    assert [np.bincount(targets[split.test]).tolist() for split in splits] == [[30, 6]] * 5


def test_a_label_of_one_text_is_not_judged() -> None:
    (judged,) = {
        tuple(
            sorted(
                row for split in folds(np.array([0, 0, 1, 1]), 5, 0, texts=np.array([0, 0, 1, 2])) for row in split.test
            )
        )
    }
    assert judged == (2, 3)


def test_labels_of_one_row_have_no_folds() -> None:
    assert folds(np.arange(4), 5, 0, texts=np.arange(4)) == []


@given(counts_of_labels, st.integers(6, 40), st.integers(0, 5))
def test_a_sample_has_every_label_and_its_size(counts: list[int], size: int, seed: int) -> None:
    targets = targets_of(*counts)
    rows = sample(targets, size, seed)
    assert len(set(rows.tolist())) == len(rows) == min(size, len(targets))
    assert set(targets[rows]) == set(range(len(counts)))


def test_a_sample_smaller_than_the_labels_has_one_row_of_some() -> None:
    targets = targets_of(5, 5, 5, 5)
    assert np.bincount(targets[sample(targets, 3, 0)]).max() == 1


def test_a_sample_keeps_the_shares() -> None:
    targets = targets_of(800, 200)
    assert np.bincount(targets[sample(targets, 100, 0)]).tolist() == [80, 20]


def test_a_draw_has_so_many_of_each_or_all() -> None:
    targets = targets_of(30, 3, 7)
    assert np.bincount(targets[draw(targets, 5, 0)]).tolist() == [5, 3, 5]
    assert draw(targets, 5, 0).tolist() == draw(targets, 5, 0).tolist() != draw(targets, 5, 1).tolist()
    assert set(draw(targets, 3, 0)) < set(draw(targets, 6, 0))


def test_ranks_count_each_label_from_zero() -> None:
    targets = targets_of(4, 6)
    result = ranks(targets, 0)
    assert sorted(result[targets == 0]) == list(range(4))
    assert sorted(result[targets == 1]) == list(range(6))


def test_held_out_texts_that_are_learnt_from_are_told() -> None:
    texts = [f"text {row}" for row in range(200)]
    split = Split(np.arange(100), np.arange(100, 200))
    texts[150] = "text 3"
    assert repeated_notice(texts, split) is None
    texts[151] = "text 4"
    notice = repeated_notice(texts, split)
    assert notice is not None
    assert notice.startswith("2 of 100 held-out texts are also training texts")
    assert repeated_notice(texts, Split(np.arange(200), np.arange(0))) is None
