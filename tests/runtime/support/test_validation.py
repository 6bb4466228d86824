"""Options: what passes, and that what does not is told what would."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
import pytest

from claxon.errors import OptionError
from claxon.support.validation import choice, count, real_number


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@pytest.mark.parametrize("value", ["red", Colour.RED])
def test_a_choice_is_the_member(value: str) -> None:
    assert choice("colour", value, Colour) is Colour.RED


@pytest.mark.parametrize("value", ["green", "RED", "", None, 3, ["red"]])
def test_an_unknown_choice_is_refused_with_the_members(value: Any) -> None:
    with pytest.raises(OptionError, match=r"^colour is .*, expected one of red, blue$"):
        choice("colour", value, Colour)


@pytest.mark.parametrize("value", [1, 7, np.int32(7), np.uint64(7)])
def test_a_whole_number_is_an_int(value: Any) -> None:
    found = count("rows", value, most=7, none_means="all")
    assert found == value
    assert type(found) is int


@pytest.mark.parametrize("value", [0, -1, 1.0, "1", True, np.float32(1), np.bool_(True), [1], 8, np.array([1])])
def test_an_invalid_count_is_refused_with_the_range(value: Any) -> None:
    with pytest.raises(OptionError, match=r"^rows is .*, expected 1 to 7, or None for all of them$"):
        count("rows", value, most=7, none_means="all of them")


def test_a_count_without_a_most() -> None:
    assert count("rows", 10**30, none_means="all") == 10**30
    with pytest.raises(OptionError, match="expected 1 or more, or None for all"):
        count("rows", 0, none_means="all")


@pytest.mark.parametrize("value", [0.5, 1, np.float32(0.25), np.int64(3)])
def test_a_number_is_a_float(value: Any) -> None:
    found = real_number("threshold", value, above=0, none_means="none")
    assert found == value
    assert type(found) is float


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf"), "0.5", True, [0.5], 1j])
def test_an_invalid_number_is_refused_with_the_bound(value: Any) -> None:
    with pytest.raises(OptionError, match=r"^threshold is .*, expected a number above 0, or None for any$"):
        real_number("threshold", value, above=0, none_means="any")


def test_infinity_passes_where_it_may() -> None:
    assert real_number("threshold", float("-inf"), is_finite=False, none_means="any") == float("-inf")
    with pytest.raises(OptionError, match="expected a number, or None"):
        real_number("threshold", float("nan"), is_finite=False, none_means="any")


def test_none_passes() -> None:
    assert count("rows", None, most=1, none_means="all") is None
    assert real_number("threshold", None, above=0, none_means="any") is None
