from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from reliability import jobs
from reliability.job_runs import JobRun, rows_of, write_input
from reliability.jobs import Found, _check_after_kill, _check_end
from reliability.part import Settings
from reliability.process_family import is_listed

pytestmark = pytest.mark.skipif(not is_listed(), reason="processes are read from /proc")


def test_a_small_campaign_finds_nothing(settings: Settings) -> None:
    found = jobs.run(settings)
    assert found.failures == []
    assert found.not_run is None
    assert found.counts["jobs_killed"] >= 1
    assert found.counts["rows_each"] == 400
    assert found.counts["shards_lost_at_most"] <= 2


@pytest.fixture
def done(small_bundle: Path, tmp_path: Path) -> JobRun:
    job = JobRun(small_bundle, write_input(tmp_path / "in.parquet", 250, seed=1), tmp_path / "out", 100, workers=1)
    assert job.finish() is None
    return job


def test_lost_repeated_and_changed_rows_are_reported(done: JobRun) -> None:
    expected = rows_of(done.out)
    for rows, told in [
        (expected.slice(1), "250 rows and not 249, 0 missing, 0 twice"),
        (pa.concat_tables([expected, expected.slice(0, 1)]), "250 rows and not 251"),
        (expected.set_column(2, "score", pa.array([0.0] * 250, pa.float32())), "other values than without in score"),
    ]:
        found = Found(rows, 1.0)
        _check_end(done, found, None)
        assert told in found.failures[0]
    found = Found(expected, 1.0)
    _check_end(done, found, "ended with 3")
    assert found.failures == ["out ended with 3"]


def test_markers_that_do_not_stay_and_too_many_shards_lost_are_noticed(done: JobRun) -> None:
    found = Found(None, 1.0)
    _check_after_kill(done, found, {"part-000000.json": b"another", "part-000009.json": b""})
    assert found.failures == ["out, kill 0: what was done did not stay: part-000000.json, part-000009.json"]
    for number in (0, 1):
        (done.out / "done" / f"part-00000{number}.json").unlink()
    found = Found(None, 1.0)
    _check_after_kill(done, found, {})
    assert found.failures == ["out, kill 0: 2 shards were begun and not done: part-000000, part-000001"]
    found = Found(None, 1.0)
    _check_after_kill(replace(done, workers=2), found, {})
    assert (found.failures, found.most_lost) == ([], 2)
