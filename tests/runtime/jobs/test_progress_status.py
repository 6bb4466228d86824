from __future__ import annotations

from pathlib import Path

import pytest

from claxon.errors import JobError
from claxon.jobs.progress import job_status
from claxon.jobs.runner import ShardRunner
from claxon.storage.job_folder import job_lock
from tests.jobs import planned, write_json_lines


def test_the_status_of_a_job_that_is_half_done(tiny_bundle: Path, tmp_path: Path) -> None:
    rows = [{"text": "good"}, {"text": 5}, {"text": "very " * 99}, {"text": "bad"}]
    out = tmp_path / "out"
    plan = planned(tiny_bundle, [write_json_lines(tmp_path / "x.jsonl", rows)], out, shard_rows=3)
    with ShardRunner(plan, out, threads=1) as runner:
        marker = runner.run(plan.shards[0])
    status = job_status(out)
    assert (status.rows, status.rows_done, status.labelled, status.rejected, status.truncated) == (4, 3, 2, 1, 1)
    assert (status.shards, status.shards_done, status.is_done, status.is_running) == (2, 1, False, False)
    assert (status.n_tokens, status.worker_seconds) == (marker.n_tokens, marker.seconds)
    with job_lock(out):
        assert job_status(out).is_running


def test_a_folder_without_a_job(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="holds no job"):
        job_status(tmp_path)
