from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from claxon.errors import JobInputError
from claxon.formats.lines import Compression
from claxon.jobs import parquet_source as module
from claxon.jobs.inputs import file_sha256, stamp
from claxon.jobs.parquet_source import ParquetSource, is_text_type, open_parquet, texts_of
from claxon.jobs.plan import InputFile, Shard
from tests.jobs import short_texts, write_parquet

KEPT = pa.schema([("id", pa.int64())])


def opened(path: Path) -> ParquetSource:
    seen = stamp(path)
    file = InputFile(str(path), Compression.NONE, seen.size_bytes, seen.mtime_ns, file_sha256(path), 0)
    return ParquetSource(file, "text", KEPT)


def shard(first: int, rows: int) -> Shard:
    return Shard(0, 0, first, rows, None, None)


def ids(source: ParquetSource, wanted: Shard) -> list[int]:
    return [value for window in source.windows(wanted) for value in window.kept["id"].to_pylist()]


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 0], [1, 1], [2, 0, 3]])
def test_shards_are_read_in_any_order_across_row_groups(order: list[int], tmp_path: Path) -> None:
    source = opened(write_parquet(tmp_path / "x.parquet", short_texts(1000)))
    for number in order:
        assert (
            ids(source, shard(300 * number, min(300, 1000 - 300 * number))) == list(range(1000))[300 * number :][:300]
        )
    source.close()


def test_windows_are_bounded_by_rows_and_by_characters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = opened(write_parquet(tmp_path / "x.parquet", ["12345"] * 100))
    monkeypatch.setattr(module, "BATCH_ROWS", 10)
    monkeypatch.setattr(module, "WINDOW_ROWS", 30)
    source._begin(0)
    assert [len(window.texts) for window in source.windows(shard(0, 80))] == [30, 30, 20]
    monkeypatch.setattr(module, "WINDOW_CHARACTERS", 60)
    source._begin(0)
    assert [len(window.texts) for window in source.windows(shard(0, 50))] == [20, 20, 10]
    source.close()


def test_what_is_not_utf_8_is_a_reject_and_null_is_an_empty_text(tmp_path: Path) -> None:
    column = pa.array([b"good", b"\xff\xfe", None, b"fine"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"id": [0, 1, 2, 3], "text": column}), tmp_path / "x.parquet")
    source = opened(tmp_path / "x.parquet")
    (window,) = source.windows(shard(0, 4))
    assert (window.rows, window.texts, window.kept["id"].to_pylist()) == (
        [0, 2, 3],
        ["good", "", "fine"],
        [0, 2, 3],
    )
    assert [(reject.row, reject.reason) for reject in window.rejects] == [
        (1, "'text' is not UTF-8 (byte 0xff)"),
    ]
    source.close()


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
)
def test_strings_of_every_kind_are_texts(kind: Any) -> None:
    assert is_text_type(kind)
    assert texts_of(pa.array(["a", None, "Straße"], pa.string()).cast(kind)) == ["a", None, "Straße"]


@pytest.mark.parametrize("kind", [pa.int64(), pa.binary(), pa.list_(pa.string())])
def test_other_types_are_none(kind: Any) -> None:
    assert not is_text_type(kind)


def test_dictionaries_of_several_row_groups_become_one(tmp_path: Path) -> None:
    table = pa.table({"id": pa.array(["a", "b"] * 50).dictionary_encode(), "text": ["x"] * 100})
    pq.write_table(table, tmp_path / "x.parquet", row_group_size=30)
    seen = opened(tmp_path / "x.parquet")
    seen._kept = pa.schema([table.schema.field("id")])
    (window,) = seen.windows(shard(10, 80))
    assert window.kept["id"].to_pylist() == ["a", "b"] * 40
    seen.close()


def test_what_is_no_parquet_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"PAR1 but for the rest")
    with pytest.raises(JobInputError, match=r"x.parquet cannot be read at its footer"):
        open_parquet(tmp_path / "x.parquet")


def test_pages_that_are_damaged_are_an_error(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "x.parquet", short_texts(500))
    content = bytearray(path.read_bytes())
    content[1000:3000] = bytes(2000)
    path.write_bytes(content)
    source = opened(path)
    with pytest.raises(JobInputError, match=r"x.parquet cannot be read at row \d+"):
        ids(source, shard(0, 500))
    source.close()


def test_a_file_that_became_shorter_is_an_error(tmp_path: Path) -> None:
    source = opened(write_parquet(tmp_path / "x.parquet", ["a"] * 10))
    with pytest.raises(JobInputError, match="ends at row 10"):
        ids(source, shard(0, 11))
    source.close()
