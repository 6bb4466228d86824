from __future__ import annotations

import datetime
import io
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from claxon.formats.column_types import JSON_FIELD
from claxon.jobs import parts as module
from claxon.jobs.parts import part_writer
from claxon.jobs.plan import OutputFormat


def written(batches: list[Any], output_format: OutputFormat) -> bytes:
    stream = io.BytesIO()
    # A BytesIO is a RawIOBase in all but name.
    with part_writer(stream, batches[0].schema, output_format) as writer:  # type: ignore[arg-type]
        for batch in batches:
            writer.write(batch)
    return stream.getvalue()


def test_a_part_that_is_broken_off_has_no_end() -> None:
    stream = io.BytesIO()

    def broken_off() -> None:
        with part_writer(stream, pa.schema([("x", pa.int64())]), OutputFormat.PARQUET) as writer:  # type: ignore[arg-type]
            writer.write(pa.record_batch({"x": [1]}))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken_off()
    stream.close()  # whatever collects the writer later does not write into it


def test_parquet_has_all_rows_in_groups_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GROUP_ROWS", 25)
    batches = [pa.record_batch({"x": range(start, start + 10)}) for start in range(0, 100, 10)]
    found = pq.ParquetFile(io.BytesIO(written(batches, OutputFormat.PARQUET)))
    assert found.read()["x"].to_pylist() == list(range(100))
    sizes = [found.metadata.row_group(group).num_rows for group in range(found.metadata.num_row_groups)]
    assert max(sizes) <= 30
    assert len(sizes) < 10


def test_rows_that_are_large_are_not_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GROUP_BYTES", 1000)
    found = pq.ParquetFile(io.BytesIO(written([pa.record_batch({"x": ["y" * 600]})] * 6, OutputFormat.PARQUET)))
    assert found.metadata.num_row_groups == 3


def test_json_lines_hold_what_json_can_hold() -> None:
    field = pa.field("j", pa.string(), metadata=JSON_FIELD)
    vector = pa.FixedSizeListArray.from_arrays(pa.array(np.array([0.1, 0.9], np.float32)), 2)
    columns = {
        "j": pa.array(['{"a": "\\ud800"}']), "n": pa.array([float("nan")]), "f": pa.array([0.9], pa.float32()),
        "t": pa.array([datetime.datetime(2026, 1, 2, 3)]), "d": pa.array([datetime.timedelta(seconds=90)]),
        "b": pa.array([b"\x01"]), "e": vector, "s": pa.array(["Straße"]), "z": pa.array([None], pa.string()),
    }  # fmt: skip
    schema = pa.schema([field, *(pa.field(name, array.type) for name, array in list(columns.items())[1:])])
    line = written([pa.record_batch(list(columns.values()), schema=schema)], OutputFormat.JSONL)
    assert "Straße".encode() in line
    assert json.loads(line) == {
        "j": {"a": "\ud800"}, "n": None, "f": 0.9, "t": "2026-01-02T03:00:00", "d": 90.0, "b": "01", "e": [0.1, 0.9],
        "s": "Straße", "z": None,
    }  # fmt: skip
