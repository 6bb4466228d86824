"""Strict JSON: what is decoded, what is refused with its place, and that nothing else is ever raised."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claxon.storage.strict_json import LATER, MAX_DEPTH, StrictJSONError, decode, encode, parse


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: float


@dataclass(frozen=True, slots=True)
class Shape:
    name: str
    points: tuple[Point, ...]
    colour: Colour | None
    sizes: dict[Colour, float]
    tags: tuple[str | int | float | bool, ...]
    is_open: bool


@dataclass(frozen=True, slots=True)
class Grown:
    first: int
    second: int = 5
    third: int = field(default=7, metadata=LATER)


def test_only_a_later_field_may_be_missing() -> None:
    assert decode(Grown, {"first": 1, "second": 2}) == Grown(1, 2, 7)
    assert decode(Grown, {"third": 3, "second": 2, "first": 1}) == Grown(1, 2, 3)
    with pytest.raises(StrictJSONError, match="second"):
        decode(Grown, {"first": 1})


FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SHAPES = st.builds(
    Shape,
    name=TEXTS,
    points=st.lists(st.builds(Point, x=st.integers(-(2**63), 2**63), y=FLOATS), max_size=3).map(tuple),
    colour=st.none() | st.sampled_from(Colour),
    sizes=st.dictionaries(st.sampled_from(Colour), FLOATS),
    tags=st.lists(TEXTS | st.integers() | FLOATS | st.booleans(), max_size=4).map(tuple),
    is_open=st.booleans(),
)
POINT = {"x": 1, "y": 2.5}


@given(SHAPES)
def test_encoding_round_trips(shape: Shape) -> None:
    found = decode(Shape, parse(json.dumps(encode(shape)).encode()))
    assert found == shape
    assert [type(tag) for tag in found.tags] == [type(tag) for tag in shape.tags]


@given(st.binary(max_size=40) | st.text('[]{}",:0123456789.eE-nulltrueNaN\\ud8', max_size=40).map(str.encode))
def test_any_bytes_are_json_or_a_strict_json_error(content: bytes) -> None:
    try:
        value = parse(content)
    except StrictJSONError:
        return
    assert value == json.loads(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"\xff", "not valid JSON"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b'{"a": 1, "b": 2, "a": 3}', "duplicate key 'a'"),
        (b"[NaN]", "NaN is not a JSON number"),
        (b"[-Infinity]", "-Infinity is not a JSON number"),
        (b"1" * 5000, "not valid JSON: Exceeds the limit"),
        (b"[" * 100_000, "not valid JSON: maximum recursion"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), f"deeper than {MAX_DEPTH}"),
        (b'{"a":' * MAX_DEPTH + b"[]" + b"}" * MAX_DEPTH, f"deeper than {MAX_DEPTH}"),
        (rb'"\ud800"', "an unpaired surrogate"),
        (rb'{"\udfff": 1}', "an unpaired surrogate"),
    ],
)
def test_invalid_or_ambiguous_json_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(StrictJSONError, match=message):
        parse(content)


def test_the_deepest_nesting_that_is_read() -> None:
    content = "[" * MAX_DEPTH + "1" + "]" * MAX_DEPTH
    assert json.dumps(parse(content.encode())) == content


def test_a_whole_surrogate_pair_is_one_character() -> None:
    assert parse(rb'"\ud83d\ude00"') == "😀"


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (Point, [], "^top level: expected dict, found list$"),
        (Point, {"x": 1}, "^top level: missing key 'y'$"),
        (Point, {**POINT, "z": 1}, "^top level: unknown key 'z'$"),
        (Point, {**POINT, "x": True}, "^x: expected int, found True$"),
        (Point, {**POINT, "x": 1.0}, "^x: expected int, found 1.0$"),
        (Point, {**POINT, "y": "2"}, "^y: expected float, found '2'$"),
        (Point, {**POINT, "y": float("inf")}, "^y: expected float, found inf$"),
        (Point, {**POINT, "y": 10**400}, "^y: expected float, found"),
        (Point, {**POINT, "y": True}, "^y: expected float, found True$"),
        (tuple[Point, ...], [POINT, {"x": 1}], r"^\[1\]: missing key 'y'$"),
        (tuple[Point, ...], {}, "^top level: expected list, found dict$"),
        (dict[str, Point], {"a": {**POINT, "y": None}}, "^a.y: expected float, found None$"),
        (dict[Colour, int], {"green": 1}, "^top level: 'green' is not one of red, blue$"),
        (Colour, ["red"], "is not one of red, blue"),
        (Colour | None, "green", "'green' is not one of red, blue"),
        (str | int, [1], "is not one of str | int"),
        (int | None, "x", "expected int, found 'x'"),
        (bool, 1, "expected bool, found 1"),
        (str, None, "expected str, found None"),
    ],
)
def test_a_mismatch_is_refused_with_its_path(kind: Any, value: Any, message: str) -> None:
    with pytest.raises(StrictJSONError, match=message):
        decode(kind, value)


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(StrictJSONError) as caught:
        decode(int, "x" * 10_000)
    assert len(str(caught.value)) < 200


def test_a_whole_number_is_a_float_where_one_belongs() -> None:
    assert type(decode(float, 3)) is float
