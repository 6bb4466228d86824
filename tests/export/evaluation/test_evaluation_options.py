"""The options of an evaluation: checked before any work, numpy's numbers become Python's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from claxon.errors import OptionError
from claxon_export.evaluation.options import RESAMPLES, EvaluateOptions


def test_defaults_are_valid_and_never_abstain() -> None:
    options = EvaluateOptions()
    assert (options.resampling.resamples, options.resampling.seed) == (RESAMPLES, 0)
    assert not options.abstention.is_possible


def test_numbers_of_numpy_become_pythons() -> None:
    given: dict[str, Any] = {"threshold": np.float32(0.5), "resamples": np.int64(20), "seed": np.uint8(3)}
    options = EvaluateOptions(**given)
    assert [type(value) for value in (options.threshold, options.resamples, options.seed)] == [float, int, int]


@pytest.mark.parametrize("name", ["resamples", "wrong_texts", "slow_texts", "map_texts"])
@pytest.mark.parametrize("value", [0, None, True, 1.5])
def test_counts_are_whole_numbers_from_one_up(name: str, value: Any) -> None:
    given: dict[str, Any] = {name: value}
    with pytest.raises(OptionError, match=f"{name} is {value!r}, expected a whole number, 1 or more"):
        EvaluateOptions(**given)


def test_the_largest_seed_is_accepted_and_the_next_is_not() -> None:
    assert EvaluateOptions(seed=(1 << 32) - 1).seed == 4294967295
    with pytest.raises(OptionError, match="seed is 4294967296, expected a whole number, 0 to 4294967295"):
        EvaluateOptions(seed=1 << 32)


@pytest.mark.parametrize("name", ["threshold", "margin"])
def test_infinite_limits_are_refused(name: str) -> None:
    given: dict[str, Any] = {name: float("inf")}
    with pytest.raises(OptionError, match=f"{name} is inf, expected a number"):
        EvaluateOptions(**given)
