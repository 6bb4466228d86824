from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.feather as pf
import pyarrow.parquet as pq
import pytest

from claxon.errors import InputError
from claxon.formats import binary_tables as module
from claxon.formats.rows import open_records

ROWS = {"id": [1, 2, 3], "text": ["good", None, " "], "day": [date(2026, 1, 2)] * 3}


def written(folder: Path, suffix: str) -> Path:
    path = folder / f"in.{suffix}"
    if suffix == "parquet":
        pq.write_table(pa.table(ROWS), path)
    elif suffix == "feather":
        pf.write_feather(pa.table(ROWS), path)
    else:
        book = openpyxl.Workbook()
        for row in [list(ROWS), *zip(*ROWS.values(), strict=True), [None] * 3]:
            book.active.append(row)
        book.save(path)
    return path


@pytest.mark.parametrize("suffix", ["parquet", "feather", "xlsx"])
def test_every_row_comes_back_with_its_values(suffix: str, tmp_path: Path) -> None:
    with open_records(str(written(tmp_path, suffix))) as records:
        rows = list(records)
    assert [(row.text, row.is_empty) for row in rows] == [("good", False), ("", True), (" ", True)]
    assert [row.values["id"] for row in rows] == [1, 2, 3]
    assert rows[0].values["day"].startswith("2026-01-02")


@pytest.mark.parametrize("suffix", ["parquet", "feather", "xlsx"])
def test_the_bytes_say_what_it_is_and_not_the_name(suffix: str, tmp_path: Path) -> None:
    path = written(tmp_path, suffix).rename(tmp_path / "in.csv")
    with open_records(str(path)) as records:
        assert len(list(records)) == 3


@pytest.mark.parametrize("suffix", ["parquet", "feather", "xlsx"])
def test_a_file_that_is_cut_off_is_an_error(suffix: str, tmp_path: Path) -> None:
    path = written(tmp_path, suffix)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match=r"in\.") as caught, open_records(str(path)) as records:
        list(records)
    assert "Traceback" not in str(caught.value)


def test_an_archive_that_would_fill_the_memory_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "xlsx")
    monkeypatch.setattr(module, "MAX_UNPACKED_BYTES", 10)
    monkeypatch.setattr(module, "MAX_UNPACKED_TIMES", 0)
    with pytest.raises(InputError, match="would unpack to"), open_records(str(path)):
        pass


@pytest.mark.parametrize(
    ("value", "expected"),
    [(float("nan"), None), (b"\1", "01"), ([1, {"a": date(2026, 1, 2)}], [1, {"a": "2026-01-02"}])],
)
def test_values_as_json_has_them(value: Any, expected: Any) -> None:
    assert module.plain_value(value) == expected
