from __future__ import annotations

from typing import Any

import pytest

from claxon.errors import OptionError
from claxon_export.training.options import FitOptions


@pytest.mark.parametrize(
    "options", [{}, {"C": "auto"}, {"C": 3}, {"test_size": 0}, {"few_shot": 8}, {"few_shot": [1, 8]}, {"threads": 2}]
)
def test_what_can_be_met(options: dict[str, Any]) -> None:
    FitOptions("mood", **options).check()


@pytest.mark.parametrize(
    "options",
    [
        {"C": "best"},
        {"C": True},
        {"C": -1},
        {"C": float("inf")},
        {"C": float("nan")},
        {"few_shot": []},
        {"few_shot": True},
        {"few_shot": [4, 0]},
        {"few_shot": [1.5]},
        {"few_shot": 4, "test_size": 0},
        {"threads": 0},
        {"class_weight": "even"},
        {"max_iter": 0},
        {"seed": -1},
        {"test_size": 1.0},
    ],
)
def test_what_cannot(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=next(iter(options))):
        FitOptions("mood", **options).check()


def test_the_strength_is_a_number_or_open() -> None:
    assert FitOptions("mood", C=3).strength == 3.0
    assert FitOptions("mood", C="auto").strength is None
