"""JSON text as objects: lines, arrays, and objects over several lines."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claxon.errors import InputError
from claxon.formats.json_values import Number, json_line_objects, json_objects

OBJECTS = st.lists(
    st.dictionaries(st.text(max_size=4), st.one_of(st.text(max_size=9), st.integers(), st.none()), max_size=3)
)


def values(text: str) -> list[dict[str, Any]]:
    return [found.values for found in json_objects(text.splitlines(keepends=True), "in")]


@given(OBJECTS, st.sampled_from([None, 0, 2]))
def test_an_array_gives_its_objects_however_it_is_written(objects: list[dict[str, Any]], indent: int | None) -> None:
    assert values(json.dumps(objects, indent=indent)) == objects


@given(OBJECTS, st.sampled_from([None, 2]))
def test_objects_that_follow_each_other_are_read_one_by_one(objects: list[dict[str, Any]], indent: int | None) -> None:
    assert values("\n".join(json.dumps(one, indent=indent) for one in objects)) == objects


def test_objects_know_their_line_and_how_they_were_written() -> None:
    first, second = json_objects(['[{"x": 1.10},\n', ' {"x": 1e400}]\n'], "in")
    assert (first.line, first.source, second.line, second.source) == (1, '{"x": 1.10}', 2, '{"x": 1e400}')
    assert (str(first.values["x"]), first.values["x"]) == ("1.10", 1.1)
    assert str(Number("1e400")) == "1e400"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"a": 1}', "is not closed"),
        ('[{"a": 1}] more', "text follows the end"),
        ('[{"a": 1} {"b": 2', "line 1 is not JSON"),
        ('{"a": 1,\n', "line 1 is not JSON"),
    ],
)
def test_broken_json_is_an_error(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        values(text)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"a": 1, "a": 2}', "duplicate key 'a'"),
        ("[1]", "is a JSON list"),
        ('{"a": Infinity}', "Infinity is no JSON number"),
    ],
)
def test_a_line_that_is_no_object_says_why(line: str, problem: str) -> None:
    (found,) = json_line_objects([line])
    assert found.problem is not None
    assert problem in found.problem
