from __future__ import annotations

import pytest

import claxon
from claxon.support.stack_level import caller_level
from claxon.text.truncation import TruncationWarning


def test_outside_the_package_there_is_nothing_to_climb() -> None:
    assert caller_level() == 1


def test_a_warning_from_within_is_shown_here(encoder: claxon.Encoder) -> None:
    with pytest.warns(TruncationWarning) as caught:
        encoder.encode(["good " * 100])
    assert caught[0].filename == __file__
