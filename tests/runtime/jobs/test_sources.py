from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from claxon.errors import JobInputError
from claxon.formats.column_types import string_fields
from claxon.formats.lines import Compression, InputFormat, LinePosition
from claxon.formats.text_rows import TextRow
from claxon.jobs import sources as module
from claxon.jobs.inputs import Source
from claxon.jobs.plan import Shard
from claxon.jobs.planning import cut_shards
from claxon.jobs.sources import TextSource, row_text_problem
from claxon.jobs.survey import survey

KEPT = pa.schema(string_fields(["id"]))
CSV = "id,text\n" + "".join(f'{n},"text {n}\nmore"\n' for n in range(23))


def written(folder: Path, compression: Compression) -> Path:
    path = folder / ("in.csv" if compression is Compression.NONE else "in.csv.gz")
    path.write_bytes(CSV.encode() if compression is Compression.NONE else gzip.compress(CSV.encode()))
    return path


def opened(path: Path) -> tuple[TextSource, tuple[Shard, ...]]:
    found = survey([Source.from_path(path)], InputFormat.CSV, "text", 5, lambda _: None)
    return TextSource(found.files[0].file, InputFormat.CSV, "text", KEPT), cut_shards(found.files)


def ids(source: TextSource, shard: Shard) -> list[str]:
    return [value for window in source.windows(shard) for value in window.kept["id"].to_pylist()]


@pytest.mark.parametrize("compression", [Compression.NONE, Compression.GZIP])
@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (1, 3), (4, 0, 2), (2, 2)])
def test_shards_are_read_in_any_order(compression: Compression, order: tuple[int, ...], tmp_path: Path) -> None:
    source, shards = opened(written(tmp_path, compression))
    assert [shard.rows for shard in shards] == [5, 5, 5, 5, 3]
    for number in order:
        expected = list(range(5 * number, min(5 * number + 5, 23)))
        assert ids(source, shards[number]) == [str(value) for value in expected]
    source.close()


def test_windows_are_bounded_by_rows_and_by_characters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, shards = opened(written(tmp_path, Compression.NONE))
    monkeypatch.setattr(module, "WINDOW_ROWS", 3)
    assert [window.rows for window in source.windows(shards[1])] == [[5, 6, 7], [8, 9]]
    monkeypatch.setattr(module, "WINDOW_CHARACTERS", 15)
    assert [window.rows for window in source.windows(shards[2])] == [[10, 11], [12, 13], [14]]
    source.close()


def test_lines_tell_where_rows_begin(tmp_path: Path) -> None:
    source, shards = opened(written(tmp_path, Compression.NONE))
    (window,) = source.windows(shards[1])
    assert window.lines == [12, 14, 16, 18, 20]
    source.close()


def test_a_file_that_became_shorter_is_an_error(tmp_path: Path) -> None:
    path = written(tmp_path, Compression.NONE)
    source, _ = opened(path)
    with pytest.raises(JobInputError, match="ends at row 23, and was longer when the job was planned"):
        list(source.windows(Shard(0, 0, 0, 24, 8, 2)))
    source.close()


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"text": ""}, None),
        ({"x": "a"}, "has no key 'text', but x"),
        ({"text": None}, None),
        ({"text": 5}, "'text' is int (5), expected a string"),
        ({"text": "\ud800"}, "'text' contains an unpaired surrogate, which is no character"),
    ],
)
def test_why_a_row_has_no_text(values: dict[str, Any], problem: str | None) -> None:
    assert row_text_problem(TextRow(LinePosition(0, 1), values), "text") == problem


def test_what_is_wrong_with_the_row_comes_first() -> None:
    assert row_text_problem(TextRow(LinePosition(0, 1), {}, "is not JSON"), "text") == "is not JSON"
