"""Batches: every text once, within the budget, padded with the pad id and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claxon.text.batching import batches, pad, plan
from claxon.text.tokens import Tokens

LENGTHS = st.lists(st.integers(0, 40), max_size=40).map(lambda lengths: np.array(lengths, np.int64))
BUDGETS = st.integers(1, 200)
SIZES = st.none() | st.integers(1, 9)
PAD = 7


def ragged(lengths: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Tokens:
    """Ids count up from 100, so that each stands for its place."""
    return Tokens(np.arange(100, 100 + int(lengths.sum())), lengths, lengths)


@given(LENGTHS, BUDGETS, SIZES)
def test_every_row_is_in_exactly_one_batch(
    lengths: np.ndarray[tuple[int], np.dtype[np.int64]], budget: int, size: int | None
) -> None:
    rows = [row for batch in plan(lengths, token_budget=budget, batch_size=size) for row in batch.tolist()]
    assert sorted(rows) == list(range(len(lengths)))


@given(LENGTHS, BUDGETS, SIZES)
def test_a_batch_of_several_keeps_the_budget_and_the_size(
    lengths: np.ndarray[tuple[int], np.dtype[np.int64]], budget: int, size: int | None
) -> None:
    for batch in plan(lengths, token_budget=budget, batch_size=size):
        assert len(batch) == 1 or len(batch) * lengths[batch].max() <= budget
        assert size is None or len(batch) <= size


@given(LENGTHS, BUDGETS)
def test_a_batch_is_as_large_as_the_budget_allows(
    lengths: np.ndarray[tuple[int], np.dtype[np.int64]], budget: int
) -> None:
    for batch in plan(lengths, token_budget=budget)[:-1]:
        assert (len(batch) + 1) * max(int(lengths[batch].max()), 1) > budget


@given(LENGTHS, BUDGETS, SIZES)
def test_longer_texts_come_first(
    lengths: np.ndarray[tuple[int], np.dtype[np.int64]], budget: int, size: int | None
) -> None:
    planned = plan(lengths, token_budget=budget, batch_size=size)
    order = np.concatenate([lengths[batch] for batch in planned]) if planned else np.empty(0)
    assert np.all(order[:-1] >= order[1:])


@pytest.mark.parametrize(("budget", "size"), [(0, None), (-1, 3), (100, 0), (100, -1)])
def test_a_limit_that_cannot_be_kept_gives_one_text_a_batch(budget: int, size: int | None) -> None:
    planned = plan(np.array([3, 4, 5], np.int64), token_budget=budget, batch_size=size)
    assert [batch.tolist() for batch in planned] == [[2], [1], [0]]


@given(LENGTHS, BUDGETS, SIZES)
def test_the_tokens_come_back_from_the_batches(
    lengths: np.ndarray[tuple[int], np.dtype[np.int64]], budget: int, size: int | None
) -> None:
    tokens = ragged(lengths)
    found: dict[int, list[int]] = {}
    for batch in batches(tokens, pad_id=PAD, token_budget=budget, batch_size=size):
        for row, ids, mask in zip(batch.rows.tolist(), batch.input_ids, batch.attention_mask, strict=True):
            found[row] = ids[mask == 1].tolist()
            assert np.all(np.diff(mask) <= 0), "padding stands on the right"
            assert np.all(ids[mask == 0] == PAD)
    ends = tokens.starts + lengths
    expected = [tokens.input_ids[i:j].tolist() for i, j in zip(tokens.starts, ends, strict=True)]
    assert [found[row] for row in range(len(lengths))] == expected


def test_a_batch_is_as_wide_as_its_longest_text() -> None:
    tokens = ragged(np.array([1, 3, 2, 9], np.int64))
    batch = pad(tokens, tokens.starts, np.array([2, 0, 1]), pad_id=PAD)
    assert batch.input_ids.tolist() == [[104, 105, 7], [100, 7, 7], [101, 102, 103]]
    assert batch.attention_mask.tolist() == [[1, 1, 0], [1, 0, 0], [1, 1, 1]]
    assert batch.input_ids.dtype == batch.attention_mask.dtype == np.int64


def test_no_texts_make_no_batches() -> None:
    assert list(batches(ragged(np.empty(0, np.int64)), pad_id=PAD, token_budget=10)) == []


def test_token_types_are_zero_but_for_second_texts_of_pairs() -> None:
    ids, lengths = np.arange(8), np.array([5, 3])
    inputs = ("input_ids", "attention_mask", "token_type_ids")
    rows = np.array([0, 1])
    pairs = Tokens(ids, lengths, lengths, first_lengths=np.array([3, 3]))
    feeds = pad(pairs, pairs.starts, rows, pad_id=9).feeds(inputs)
    assert feeds["token_type_ids"].tolist() == [[0, 0, 0, 1, 1], [0, 0, 0, 0, 0]]
    assert "token_type_ids" not in pad(pairs, pairs.starts, rows, pad_id=9).feeds(inputs[:2])
    single = Tokens(ids, lengths, lengths)
    assert not pad(single, single.starts, rows, pad_id=9).feeds(inputs)["token_type_ids"].any()
