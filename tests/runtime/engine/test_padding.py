from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claxon.engine.padding import ROWS, FewShapes, cut, next_up

SHAPES = FewShapes(max_tokens=100, pad_id=1)


@given(rows=st.integers(1, 300), tokens=st.integers(1, 100))
def test_padding_is_cut_from_results(rows: int, tokens: int) -> None:
    """The shape is one of few, the texts stand at its beginning, and cutting gives them back."""
    ids = np.random.default_rng(rows).integers(2, 50, (rows, tokens))
    found = SHAPES.padded({"input_ids": ids, "attention_mask": np.ones_like(ids)})
    assert (
        found["input_ids"].shape
        == found["attention_mask"].shape
        == (next_up(ROWS, rows), next_up(SHAPES.lengths, tokens))
    )
    np.testing.assert_array_equal(cut(found["input_ids"][..., None], rows, tokens)[..., 0], ids)
    assert not found["attention_mask"][:, tokens:].any()
    assert (found["input_ids"][:rows, tokens:] == 1).all()
    assert (found["attention_mask"].sum(axis=1) == tokens).all(), "a row without a token would be divided by zero"


def test_padded_lengths_stay_within_the_encoders_limit() -> None:
    assert SHAPES.lengths == (16, 24, 32, 48, 64, 96, 100)
    assert FewShapes(512, 0).lengths[-2:] == (384, 512)


def test_lengths_and_rows_map_to_few_shapes() -> None:
    shapes = {
        SHAPES.padded({"input_ids": np.zeros((rows, tokens), np.int64)})["input_ids"].shape
        for rows in range(1, 65)
        for tokens in range(1, 101)
    }
    assert len(shapes) == len(ROWS) * len(SHAPES.lengths) == 84


@pytest.mark.parametrize(("number", "found"), [(1, 2), (2, 2), (3, 5), (5, 5), (6, 10), (11, 15)])
def test_the_next_step(number: int, found: int) -> None:
    assert next_up((2, 5), number) == found


def test_a_shape_that_fits_is_left_as_it_is() -> None:
    ids = np.zeros((4, 16), np.int64)
    assert SHAPES.padded({"input_ids": ids})["input_ids"] is ids


@given(rows=st.integers(1, 300), tokens=st.integers(1, 100))
def test_lengths_in_eights_leave_the_number_of_texts(rows: int, tokens: int) -> None:
    """The next multiple of 8, but never beyond the encoder's limit."""
    eights = FewShapes.in_eights(max_tokens=100, pad_id=1)
    found = eights.padded({"input_ids": np.zeros((rows, tokens), np.int64)})["input_ids"]
    assert found.shape == (rows, min(-(-tokens // 8) * 8, 100))


@pytest.mark.parametrize("limit", [3, 8, 9])
def test_lengths_in_eights_of_a_short_encoder(limit: int) -> None:
    assert FewShapes.in_eights(limit, 0).lengths[-1] == limit


def test_graphs_have_few_small_shapes() -> None:
    graphs = FewShapes.of_graphs(512, 0)
    assert graphs.lengths == (16, 32, 48, 64, 96, 128)
    assert all(length % 8 == 0 for length in graphs.lengths)
    assert [graphs.holds(*shape) for shape in [(8, 128), (9, 16), (1, 129)]] == [True, False, False]
    assert FewShapes.of_graphs(48, 0).lengths == (16, 32, 48)
    assert not FewShapes.of_graphs(48, 0).holds(1, 49)


def test_results_are_cut() -> None:
    assert cut(np.zeros((8, 5)), 3, 2).shape == (3, 5)
    assert cut(np.zeros((8, 16, 5)), 3, 2).shape == (3, 2, 5)
