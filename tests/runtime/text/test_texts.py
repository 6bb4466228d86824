"""Texts in whatever a caller holds them; everything else refused, with its row."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claxon.errors import InputError
from claxon.text.inputs import check_texts, iter_texts, iter_windows

TEXTS = ["a", "", "naïve 😀", "  "]


@pytest.mark.parametrize(
    "column",
    [
        TEXTS,
        tuple(TEXTS),
        (text for text in TEXTS),
        dict.fromkeys(TEXTS).keys(),
        np.array(TEXTS),
        np.array(TEXTS, object),
        np.array(TEXTS, np.dtypes.StringDType()) if hasattr(np.dtypes, "StringDType") else TEXTS,
        pd.Series(TEXTS, index=[9, 7, 5, 3]),
        pd.Series(TEXTS, dtype="string"),
        pd.Series(TEXTS, dtype="category"),
        pd.Index(TEXTS),
        pa.array(TEXTS),
        pa.chunked_array([TEXTS[:1], TEXTS[1:]]),
    ],
    ids=lambda column: type(column).__name__,
)
def test_columns_of_all_kinds(column: Any) -> None:
    found = check_texts(column)
    assert found == TEXTS
    assert all(isinstance(text, str) for text in found)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_every_string_that_can_be_encoded_passes(texts: list[str]) -> None:
    assert check_texts(texts) == texts


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("great book", r"one str; write \[text\]"),
        (b"great book", r"one bytes; write \[text\]"),
        (np.str_("great book"), r"write \[text\]"),
        (None, "found NoneType"),
        (3, "found int"),
        ({"text": "great"}, "found dict"),
        ({"great"}, "found set"),
        (np.array("great"), r"an array of shape \(\)"),
        (np.array([["great"]]), r"an array of shape \(1, 1\)"),
        (pd.DataFrame({"text": ["great"]}), r"an array of shape \(1, 1\)"),
        (["a", None], r"row 1 is NoneType \(None\)"),
        (["a", b"b"], "row 1 is bytes"),
        (["a", ("b",)], "row 1 is tuple"),
        (["a", ["b"]], "row 1 is list"),
        ([1], r"row 0 is int \(1\)"),
        (np.array([1.5]), "row 0 is float"),
        (np.array([b"a"]), "row 0 is bytes"),
        (pd.Series(["a", None, "b"]), "row 1 is"),
        (pd.Series(["a", pd.NA], dtype="string"), "row 1 is NAType"),
        (pd.Series(["a", float("nan")], dtype=object), r"row 1 is float \(nan\)"),
        (pa.array(["a", None]), "row 1 is NoneType"),
        (pa.table({"text": ["a"]}), "found Table"),
        (["a", "\ud800"], "row 1 contains an unpaired surrogate"),
    ],
)
def test_input_that_is_not_a_list_of_texts_is_refused(texts: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_texts(texts)


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(InputError) as caught:
        check_texts([b"x" * 10_000])  # type: ignore[list-item]
    assert len(str(caught.value)) < 120


def test_rows_are_checked_as_they_come() -> None:
    texts = iter_texts(["a", 1])  # type: ignore[list-item]
    assert next(texts) == "a"
    with pytest.raises(InputError, match="row 1"):
        next(texts)


@given(st.lists(st.sampled_from("abc")), st.integers(1, 5))
def test_windows_hold_every_text_once_in_order(texts: list[str], size: int) -> None:
    windows = list(iter_windows(texts, size))
    assert list(itertools.chain.from_iterable(windows)) == texts
    assert all(len(window) == size for window in windows[:-1])
    assert all(windows)


def test_windows_read_no_further_than_asked() -> None:
    read = []

    def endless() -> Iterator[str]:
        for number in itertools.count():
            read.append(number)
            yield str(number)

    windows = iter_windows(endless(), 3)
    assert (next(windows), len(read)) == (["0", "1", "2"], 3)


def test_windows_refuse_one_text_at_the_call() -> None:
    with pytest.raises(InputError, match="one str"):
        iter_windows("great book", 3)
