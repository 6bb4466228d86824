from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from claxon.errors import JobInputError, OptionError
from claxon.formats.lines import InputFormat
from claxon.jobs import survey as module
from claxon.jobs.inputs import Source, Stamp
from claxon.jobs.survey import Survey, survey
from tests.jobs import write_csv, write_json_lines, write_parquet


def surveyed(paths: list[Path], text: str = "text", shard_rows: int = 4) -> Survey:
    sources = [Source.from_path(path) for path in paths]
    return survey(sources, sources[0].format or InputFormat.CSV, text, shard_rows, lambda _: None)


def test_rows_starts_and_columns_of_every_format(tmp_path: Path) -> None:
    texts = list("abcdefghij")
    paths = [
        write_parquet(tmp_path / "x.parquet", texts),
        write_csv(tmp_path / "x.csv", texts),
        write_json_lines(tmp_path / "x.jsonl", [{"id": n, "text": text} for n, text in enumerate(texts)]),
    ]
    for path, kind in zip(paths, (pa.int64(), pa.string(), pa.int64()), strict=True):
        found = surveyed([path])
        assert found.files[0].file.rows == 10
        assert [start.row for start in found.files[0].starts] == [0, 4, 8]
        assert [(field.name, field.type) for field in found.schema] == [("id", kind), ("text", pa.string())]


def test_bad_rows_of_json_have_no_say_in_the_columns(tmp_path: Path) -> None:
    path = write_json_lines(
        tmp_path / "x.jsonl", [{"text": "a", "n": 1}, {"text": 5, "n": "x", "other": 1}, {"text": "b"}]
    )
    found = surveyed([path])
    assert found.files[0].file.rows == 3
    assert [(field.name, field.type) for field in found.schema] == [("text", pa.string()), ("n", pa.int64())]


def test_json_files_share_the_columns_of_all(tmp_path: Path) -> None:
    one = write_json_lines(tmp_path / "a.jsonl", [{"text": "a", "n": 1}])
    other = write_json_lines(tmp_path / "b.jsonl", [{"n": 0.5, "text": "b", "x": True}])
    assert [str(field.type) for field in surveyed([one, other]).schema] == ["string", "double", "bool"]


def test_a_column_that_is_not_there(tmp_path: Path) -> None:
    for path in (
        write_csv(tmp_path / "x.csv", ["a"]),
        write_parquet(tmp_path / "x.parquet", ["a"]),
        write_json_lines(tmp_path / "x.jsonl", [{"id": 1}]),
    ):
        with pytest.raises(OptionError, match=r"no column 'review', but id, text|no row has the key 'review'"):
            surveyed([path], "review")


def test_a_column_of_numbers_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="column 'id' is int64, expected strings"):
        surveyed([write_parquet(tmp_path / "x.parquet", ["a"])], "id")


def test_every_file_that_cannot_be_used_is_named_before_any_work(tmp_path: Path) -> None:
    paths = [write_parquet(tmp_path / f"{n}.parquet", ["a"]) for n in range(5)]
    pq.write_table(pa.table({"id": ["x"], "text": ["a"]}), paths[1])
    pq.write_table(pa.table({"id": [1]}), paths[2])
    paths[3].write_bytes(b"nothing")
    with pytest.raises(JobInputError) as caught:
        surveyed(paths)
    told = str(caught.value)
    assert told.startswith("3 of 5 inputs cannot be used: ")
    assert "1.parquet has another schema than" in told
    assert "column 'id' is string there and int64 here" in told
    assert "2.parquet has no column 'text'" in told
    assert "3.parquet cannot be read at its footer" in told


def test_columns_in_another_order_are_the_same(tmp_path: Path) -> None:
    one = write_csv(tmp_path / "a.csv", ["x"])
    other = tmp_path / "b.csv"
    other.write_text("text,id\ny,1\n")
    assert len(surveyed([one, other]).files) == 2


def test_no_rows_are_no_error(tmp_path: Path) -> None:
    for path in (write_csv(tmp_path / "x.csv", []), write_json_lines(tmp_path / "x.jsonl", [])):
        found = surveyed([path])
        assert (found.files[0].file.rows, found.files[0].starts) == (0, ())
        assert "text" in found.schema.names


def test_a_file_that_grows_meanwhile_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stamps = iter([Stamp(1, 1), Stamp(2, 2)])
    monkeypatch.setattr(module, "stamp", lambda _: next(stamps))
    with pytest.raises(JobInputError, match="was changed while it was read"):
        surveyed([write_csv(tmp_path / "x.csv", ["a"])])
