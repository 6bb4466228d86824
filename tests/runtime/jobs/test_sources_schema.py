from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from claxon.errors import OptionError
from claxon.jobs.sources import kept_schema, output_schema, parts_schema, types_of
from tests.jobs import planned, write_parquet

INPUT = pa.schema([("id", pa.int32()), ("text", pa.string()), ("score", pa.float64())])
ADDED = [pa.field("score", pa.float32())]


def test_the_kept_columns_come_first() -> None:
    assert types_of(parts_schema(INPUT, ["text", "id"], ADDED)) == {"text": "string", "id": "int32", "score": "float"}


def test_a_name_that_is_taken_is_an_error_with_the_way_out() -> None:
    with pytest.raises(OptionError, match=r"has a column 'score' already; add --prefix claxon_"):
        parts_schema(INPUT, None, ADDED)


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(OptionError, match="has no column 'key', but id, text, score"):
        parts_schema(INPUT, ["key"], ADDED)


def test_a_plan_brings_its_schemas_back_although_an_added_column_has_the_name_of_another(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    path = write_parquet(tmp_path / "x.parquet", ["a"], score=[1])
    plan = planned(tiny_bundle, [path], tmp_path / "out", keep=["id"])
    assert output_schema(plan).names == ["id", "predicted_label", "score", "truncated"]
    assert kept_schema(plan).names == ["id"]
    assert plan.output_columns["score"] == "float"
