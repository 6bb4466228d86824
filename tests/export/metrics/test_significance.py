"""McNemar's test against its formula, and the difference of accuracies."""

from __future__ import annotations

import math

import numpy as np
import pytest

from claxon_export.metrics.significance import McNemar, chosen_test, compared, p_value


def test_chi_square_by_its_formula() -> None:
    statistic = (abs(150 - 86) - 1) ** 2 / (150 + 86)
    assert p_value(150, 86) == pytest.approx(math.erfc(math.sqrt(statistic / 2)))
    assert chosen_test(150, 86) is McNemar.CHI_SQUARE


def test_exact_binomial_of_an_example_worked_by_hand() -> None:
    # 1 of 8: 2 * (1 + 8) / 2**8
    assert p_value(1, 7) == pytest.approx(18 / 256)
    assert chosen_test(1, 7) is McNemar.EXACT


@pytest.mark.parametrize(("first", "second", "test"), [(12, 12, McNemar.EXACT), (12, 13, McNemar.CHI_SQUARE)])
def test_few_discordant_texts_are_tested_exactly(first: int, second: int, test: McNemar) -> None:
    assert chosen_test(first, second) is test


@pytest.mark.parametrize("discordant", [(0, 0), (5, 5), (30, 30), (31, 30)])
def test_an_even_split_is_no_difference(discordant: tuple[int, int]) -> None:
    assert p_value(*discordant) == pytest.approx(1.0)


def test_order_does_not_matter_for_the_p_value_and_turns_the_difference() -> None:
    draws = np.random.default_rng(0)
    one, other = draws.uniform(size=200) < 0.9, draws.uniform(size=200) < 0.7
    there, back = (compared("a", "b", pair, resamples=100, seed=0) for pair in ((one, other), (other, one)))
    assert there.p_value == back.p_value
    assert there.difference.value == pytest.approx(-back.difference.value)
    assert (there.only_first_right, there.only_second_right) == (back.only_second_right, back.only_first_right)


def test_difference_is_that_of_the_accuracies_with_an_interval_around_it() -> None:
    one = np.array([True] * 80 + [False] * 20)
    other = np.array([True] * 60 + [False] * 40)
    result = compared("a", "b", (one, other), resamples=2000, seed=0)
    assert result.difference.value == pytest.approx(0.2)
    assert result.difference.low == pytest.approx(0.12, abs=0.015)
    assert result.difference.high == pytest.approx(0.28, abs=0.015)
    assert result.p_value < 0.001


def test_a_head_compared_with_itself() -> None:
    right = np.array([True, False, True])
    result = compared("a", "a", (right, right), resamples=10, seed=0)
    assert (result.difference.value, result.difference.low, result.p_value) == (0, 0, 1)
