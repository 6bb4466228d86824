from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from claxon_bench.errors import BenchmarkError
from scaling.times import ShardTimes
from tests.benchmarks.scaling.times_of_shards import times_of_shards


def test_what_is_written_is_read(tmp_path: Path) -> None:
    times = times_of_shards(2.0, 3.0)
    times.write(tmp_path / "times.json")
    assert ShardTimes.read(tmp_path / "times.json") == times


def test_the_rate_is_that_of_one_worker_at_work() -> None:
    times = times_of_shards(1.5, 2.5)
    assert times.texts_per_second == 500.0
    assert times.tokens_a_text == 20.0


def test_larger_shards_take_longer_in_proportion() -> None:
    assert times_of_shards(2.0, 4.0).seconds_of(5000) == (10.0, 20.0)


@pytest.mark.parametrize(("content", "words"), [("{}", "missing key"), ("no", "JSON")])
def test_another_file_is_refused(content: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "times.json"
    path.write_text(content)
    with pytest.raises(BenchmarkError, match=words):
        ShardTimes.read(path)


def test_no_shards_are_refused(tmp_path: Path) -> None:
    replace(times_of_shards(1.0), shards=()).write(tmp_path / "times.json")
    with pytest.raises(BenchmarkError, match="holds no shards"):
        ShardTimes.read(tmp_path / "times.json")
