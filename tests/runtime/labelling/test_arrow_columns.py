"""Numpy columns as Arrow's: one type whatever the rows are, nulls for what is not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from claxon.bundle.bundle import Bundle
from claxon.labelling.arrow_columns import arrow_columns, arrow_schema
from claxon.labelling.labeller import ColumnOptions, ColumnPredictor, ColumnSpec


def wanted(bundle: Path, **asked: object) -> ColumnSpec:
    return ColumnSpec.from_options(Bundle.open(bundle), ColumnOptions(**asked))  # type: ignore[arg-type]  # whatever is given


def test_types_are_those_of_what_is_wanted(tiny_bundle: Path) -> None:
    schema = arrow_schema(wanted(tiny_bundle, heads=("sentiment", "topic"), embed=True, errors="record"))
    assert {field.name: str(field.type) for field in schema} == {
        "predicted_label_sentiment": "string",
        "score_sentiment": "float",
        "predicted_label_topic": "string",
        "score_topic": "float",
        "truncated": "bool",
        "embedding": "fixed_size_list<item: float>[32]",
        "error": "string",
    }
    assert str(arrow_schema(wanted(tiny_bundle, embed=True), fixed_size=False).field("embedding").type) == (
        "list<item: float>"
    )


@pytest.mark.parametrize("fixed_size", [True, False])
def test_rows_that_failed_are_null(fixed_size: bool, tiny_bundle: Path) -> None:
    asked = ColumnOptions(("sentiment",), embed=True, errors="record")
    predictor = ColumnPredictor(Bundle.open(tiny_bundle), asked, 1)
    found = predictor([3, "good", "awful"])  # type: ignore[list-item]
    schema = arrow_schema(predictor.wanted, fixed_size=fixed_size)
    batch = pa.RecordBatch.from_arrays(arrow_columns(found, schema), schema=schema)
    batch.validate(full=True)
    assert {name: batch.column(name).null_count for name in schema.names} == {
        "predicted_label": 1, "score": 1, "truncated": 0, "embedding": 1, "error": 2,
    }  # fmt: skip
    assert batch.column("embedding").to_pylist()[1:] == found["embedding"][1:].tolist()
    assert batch.column("score").to_pylist()[1:] == found["score"][1:].tolist()


def test_a_type_does_not_go_by_the_rows(tiny_bundle: Path) -> None:
    asked = wanted(tiny_bundle, heads=("sentiment",), errors="record")
    schema = arrow_schema(asked)
    nothing = np.array([None, None], object)
    columns = {"predicted_label": nothing, "score": np.full(2, np.nan, np.float32), "truncated": np.zeros(2, bool)}
    assert [str(column.type) for column in arrow_columns({**columns, "error": nothing}, schema)] == [
        "string", "float", "bool", "string",
    ]  # fmt: skip


def test_a_mixture_of_labels_is_written_out() -> None:
    schema = pa.schema([("predicted_label", pa.string())])
    (column,) = arrow_columns({"predicted_label": np.array(["a", 1, None], object)}, schema)
    assert column.to_pylist() == ["a", "1", None]
