"""Every text once, and the way back."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from claxon.text.inputs import Deduplicated


@given(st.lists(st.sampled_from(["a", "b", "c", "", " a"])))
def test_going_there_and_back_changes_nothing(texts: list[str]) -> None:
    distinct = Deduplicated.from_texts(texts)
    assert len(set(distinct.texts)) == len(distinct.texts)
    assert distinct.to_rows(np.array(distinct.texts, object)).tolist() == texts


def test_texts_stand_in_the_order_of_their_first_row() -> None:
    assert Deduplicated.from_texts(["b", "a", "b", "c", "a"]).texts == ["b", "a", "c"]


def test_different_texts_are_handed_through() -> None:
    texts, values = ["b", "a"], np.arange(2)
    distinct = Deduplicated.from_texts(texts)
    assert distinct.texts is texts
    assert distinct.to_rows(values) is values
