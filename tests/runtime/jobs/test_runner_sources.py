from __future__ import annotations

from pathlib import Path

from claxon.jobs.parquet_source import ParquetSource
from claxon.jobs.runner import open_source
from claxon.jobs.sources import TextSource
from tests.jobs import planned, short_texts, write_csv, write_parquet


def test_the_format_decides_what_reads(tiny_bundle: Path, tmp_path: Path) -> None:
    texts = short_texts(10)
    columns = planned(tiny_bundle, [write_parquet(tmp_path / "x.parquet", texts)], tmp_path / "a")
    lines = planned(tiny_bundle, [write_csv(tmp_path / "x.csv", texts)], tmp_path / "b", keep=["id"])
    one, other = open_source(columns, 0), open_source(lines, 0)
    assert isinstance(one, ParquetSource)
    assert isinstance(other, TextSource)
    (window,), (same,) = one.windows(columns.shards[0]), other.windows(lines.shards[0])
    assert window.texts == same.texts == texts
    assert (window.kept.schema.names, same.kept.schema.names) == (["id", "text"], ["id"])
    one.close()
    other.close()
