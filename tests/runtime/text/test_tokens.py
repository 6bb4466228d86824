"""Ragged ids: where each text begins, and which were cut."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from claxon.text.tokens import Tokens


def tokens(rows: list[list[int]], uncut: list[int] | None = None) -> Tokens:
    lengths = np.array([len(row) for row in rows], np.int64)
    ids = np.array([token for row in rows for token in row], np.int64)
    return Tokens(ids, lengths, lengths if uncut is None else np.array(uncut, np.int64))


@given(st.lists(st.lists(st.integers(0, 99), max_size=6), max_size=6))
def test_a_text_lies_between_its_start_and_its_end(rows: list[list[int]]) -> None:
    ragged = tokens(rows)
    ends = ragged.starts + ragged.lengths
    assert [ragged.input_ids[i:j].tolist() for i, j in zip(ragged.starts, ends, strict=True)] == rows


def test_a_text_is_truncated_if_it_had_more_tokens() -> None:
    ragged = tokens([[1, 2], [3, 4], []], uncut=[2, 5, 0])
    assert ragged.truncated.tolist() == [False, True, False]
    assert ragged.truncated.dtype == np.bool_
