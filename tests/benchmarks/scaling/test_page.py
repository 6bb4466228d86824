from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from claxon_bench.errors import BenchmarkError
from scaling.page import BEGIN, END, cost_of_a_million, section, with_section
from scaling.scenarios import by_mishap, by_shard_size, by_workers, found
from tests.benchmarks.scaling.times_of_shards import times_of_shards

ROOT = Path(__file__).parents[3]
TIMES = times_of_shards(2.0, 2.2, 2.4)


def test_the_cost_is_what_the_formula_says() -> None:
    # 1,000 texts in 2.5 s are 400 a second: 2,500 s for a million, on 2 processors at 0.9 an hour.
    assert cost_of_a_million(times_of_shards(2.5), 0.9) == pytest.approx(2500 / 3600 * 2 * 0.9)


def test_the_section_has_what_was_measured_and_every_table() -> None:
    groups = [[found(row, [0]) for row in make(TIMES, 2_000_000)] for make in (by_workers, by_mishap, by_shard_size)]
    lines = section(TIMES, 0.04, groups).splitlines()
    assert "| texts per second, one worker | **455** |" in lines
    assert any(line.startswith("| 1,024 |") for line in lines)
    assert any(line.startswith("| nothing goes wrong |") for line in lines)
    assert any(line.startswith("| 1,000,000 |") for line in lines)
    assert any(line.startswith("2,000,000 texts in shards of 50,000") for line in lines)
    assert "| part and marker files | 80 |" in lines
    tables = [line.count("|") for line in lines if line.startswith("|")]
    assert set(tables) == {3, 10}


def test_conditions_are_told() -> None:
    groups = [
        [found(row, [0]) for row in make(TIMES, 2_000_000)[:1]] for make in (by_workers, by_mishap, by_shard_size)
    ]
    assert "one worker of 2 processors |" in section(TIMES, 0.04, groups)
    assert "2 processors; a busy machine |" in section(replace(TIMES, conditions="a busy machine"), 0.04, groups)


def test_a_section_takes_the_place_of_the_last_one() -> None:
    page = f"above\n{BEGIN}\nold\n{END}\nbelow\n"
    renewed = with_section(page, "new\n")
    assert renewed == f"above\n{BEGIN}\n\nnew\n\n{END}\nbelow\n"
    assert with_section(renewed, "new\n") == renewed


@pytest.mark.parametrize("page", ["", f"{BEGIN}\n", f"{END}\n{BEGIN}\n", f"{BEGIN}\n{BEGIN}\n{END}", END])
def test_a_page_without_marks_is_refused(page: str) -> None:
    with pytest.raises(BenchmarkError, match="must have"):
        with_section(page, "new\n")


def test_the_page_holds_what_was_simulated_last() -> None:
    page = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
    found_last = (ROOT / "benchmarks/results/scaling/scaling.md").read_text(encoding="utf-8")
    assert with_section(page, found_last) == page
