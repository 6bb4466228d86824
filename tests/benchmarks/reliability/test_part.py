from __future__ import annotations

from dataclasses import replace

import pytest

from reliability.part import Outcome, Settings, is_installed


@pytest.mark.parametrize(("scale", "found"), [(1.0, 500), (0.01, 5), (0.0001, 1), (2.0, 1000)])
def test_a_scale_leaves_one_at_least(scale: float, found: int, settings: Settings) -> None:
    assert replace(settings, scale=scale).scaled(500) == found


def test_only_what_ran_and_found_nothing_is_a_success() -> None:
    assert Outcome("a", 1.0).is_success
    assert not Outcome("a", 1.0, failures=["b"]).is_success
    assert not Outcome("a", 0.0, not_run="no c").is_success


def test_installed_packages_are_found() -> None:
    assert is_installed("numpy")
    assert not is_installed("no_such_package")
