from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from claxon.formats.column_types import ColumnKinds, arrow_fields, columns_of, is_json, kind_of, string_fields


def field_of(values: list[Any]) -> Any:
    kinds = ColumnKinds()
    for value in values:
        kinds.add({"x": value})
    return arrow_fields(kinds.kinds)[0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([True, None], pa.bool_()),
        ([1, 2**53], pa.int64()),
        ([1, 2**62], pa.int64()),
        ([1, 0.5], pa.float64()),
        (["a", None], pa.string()),
        ([None], pa.string()),
    ],
)
def test_a_column_has_the_narrowest_type_that_holds_its_values(values: list[Any], expected: Any) -> None:
    field = field_of(values)
    assert (field.type, is_json(field)) == (expected, False)
    assert columns_of([{"x": value} for value in values], pa.schema([field]))[0].to_pylist() == values


@pytest.mark.parametrize("values", [[1, "a"], [[1]], [{"a": 1}], [0.5, 2**62], [2**64], [True, 1], ["\ud800"]])
def test_what_no_type_holds_is_json(values: list[Any]) -> None:
    field = field_of(values)
    assert is_json(field)
    assert field.type == pa.string()
    found = columns_of([{"x": value} for value in values], pa.schema([field]))[0].to_pylist()
    assert all(isinstance(text, str) for text in found)


def test_a_column_that_a_row_has_not_is_null() -> None:
    assert columns_of([{"x": "a"}, {}], pa.schema(string_fields(["x"])))[0].to_pylist() == ["a", None]


def test_columns_of_files_are_merged_in_the_order_of_their_first_rows() -> None:
    one, other = ColumnKinds(), ColumnKinds()
    one.add({"a": 1})
    other.add({"b": "x", "a": 0.5})
    one.merge(other.kinds)
    assert [(field.name, field.type) for field in arrow_fields(one.kinds)] == [("a", pa.float64()), ("b", pa.string())]


def test_true_is_no_integer() -> None:
    assert kind_of(True) != kind_of(1)
