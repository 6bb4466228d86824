from __future__ import annotations

import pytest

from claxon.cli.rendering import WIDTH, byte_count, facts, pairs_in_words, section, table


def test_names_and_values_are_aligned() -> None:
    assert facts({"a": "x", "long": "y", "none": ""}) == ["  a     x", "  long  y", "  none"]


def test_long_values_are_wrapped_between_pairs() -> None:
    lines = facts({"tools": pairs_in_words({f"tool{i}": i for i in range(30)})})
    assert len(lines) > 1
    assert all(len(line) <= WIDTH for line in lines)
    assert all(line.rstrip(",")[-1].isdigit() and line.startswith("  ") for line in lines)
    assert "\u00a0" not in "".join(lines)


def test_a_table_is_aligned_to_the_right() -> None:
    assert table([["", "n"], ["long name", "1"], ["b", "10"]]) == [
        "               n",
        "  long name    1",
        "  b           10",
    ]
    assert table([]) == []


def test_a_section_without_lines_is_nothing() -> None:
    assert section("title", []) == []
    assert section("title", ["  x"]) == ["title", "  x", ""]


@pytest.mark.parametrize(
    ("size_bytes", "expected"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (90_265_728, "90.3 MB"),
        (999_600, "1 MB"),
        (2_340_000_000, "2.34 GB"),
    ],
)
def test_bytes_have_three_digits(size_bytes: int, expected: str) -> None:
    assert byte_count(size_bytes) == expected
