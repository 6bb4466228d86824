from __future__ import annotations

from dataclasses import replace

import pytest

from reliability import threads
from reliability.guarded import alone
from reliability.part import Settings
from tests.benchmarks.reliability.planted import compare_with_a_race


@pytest.fixture
def few(settings: Settings) -> Settings:
    return replace(settings, scale=0.001)


def test_many_threads_get_what_one_gets(few: Settings) -> None:
    found = threads.run(few)
    assert found.failures == []
    assert found.counts == {"threads": 32, "calls": 320, "differing": 0}


def test_threads_that_see_each_others_scores_are_noticed(few: Settings) -> None:
    found = alone(compare_with_a_race, few, 60)
    assert found.counts["differing"] >= 3
    assert found.failures[0].endswith("another answer than alone")
