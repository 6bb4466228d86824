from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from claxon_bench.errors import BenchmarkError
from reliability import million
from reliability.million import _growing, _run, _wrong_rows, chosen_head, write_texts
from reliability.process_family import is_listed
from reliability.resident_memory import MIB, Memory


@pytest.mark.skipif(not is_listed(), reason="processes are read from /proc")
def test_a_few_hundred_texts_instead_of_a_million(
    small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(million, "MOST_GROWTH_MIB", 1e6)  # so short a job is all warm-up
    words = ["--bundle", str(small_bundle), "--rows", "400", "--shard-rows", "150", "--every", "0.05"]
    assert million.main([*words, "--folder", str(tmp_path / "scratch"), "--out", str(tmp_path / "out")]) == 0
    found = json.loads((tmp_path / "out" / "million.json").read_text())
    assert (found["rows"], found["shards"], found["failures"]) == (400, 3, [])
    assert set(found["samples"]) == {"job", "worker 1", "worker 2"}
    assert (tmp_path / "out" / "million.png").exists()


def test_texts_are_different_and_numbered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(million, "GENERATED", 50)
    found = pq.read_table(write_texts(tmp_path / "x.parquet", 120, 0))
    assert found["id"].to_pylist() == list(range(120))
    assert len(set(found["text"].to_pylist())) == 120


def test_rows_that_are_missing_or_out_of_order_are_noticed(tmp_path: Path) -> None:
    path = write_texts(tmp_path / "x.parquet", 30, 0)
    table = pq.read_table(path)
    assert _wrong_rows(path, 30) == []
    for wrong in (table.slice(1), table.take(list(reversed(range(30))))):
        pq.write_table(wrong, path)
        assert _wrong_rows(path, 30)


def test_a_process_that_grows_is_noticed() -> None:
    seconds = tuple(float(at) for at in range(10))
    grown = Memory("worker 1", seconds, tuple(at * 100 * MIB for at in range(10)))
    assert _growing([grown]) == ["worker 1 grew by 800 MiB"]


def test_a_job_that_fails_is_told(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="the job ended with 3: "):
        _run(["python3", "-c", "raise SystemExit(3)"], 0.05)


def test_the_head_is_the_first_or_the_one_asked_for(small_bundle: Path) -> None:
    assert (chosen_head(small_bundle, None), chosen_head(small_bundle, "topic")) == ("sentiment", "topic")
