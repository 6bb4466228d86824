from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import claxon
from claxon.errors import OptionError
from claxon.jobs import JobError, JobLockedError, JobRejectsError, Plan, Shard, job_status, pending, run_job, verify_job
from claxon.jobs.progress import JobProgress
from claxon.jobs.runner import ShardRunner
from claxon.storage.job_folder import job_lock
from tests.jobs import rows_of, short_texts, write_csv, write_json_lines, write_parquet

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")


class Here:
    """An engine in this process; may break off after some shards."""

    def __init__(self, most: int = 1000) -> None:
        self.most = most
        self.done: list[int] = []

    def run(self, plan: Plan, out: Path, shards: Sequence[Shard], tally: JobProgress) -> None:
        with ShardRunner(plan, out, threads=1) as runner:
            for shard in shards:
                if len(self.done) == self.most:
                    raise ZeroDivisionError
                tally.on_done(runner.run(shard))
                self.done.append(shard.number)


def test_two_workers_label_every_row_once(tiny_bundle: Path, tmp_path: Path, several: claxon.Classifier) -> None:
    texts = short_texts(700)
    inputs = [write_parquet(tmp_path / "a.parquet", texts[:400]), write_parquet(tmp_path / "b.parquet", texts[400:])]
    out = tmp_path / "out"
    result = run_job(tiny_bundle, inputs, out, heads=["sentiment", "topic"], shard_rows=150, workers=2, threads=1)
    assert (result.rows, result.labelled, result.rejected, result.shards, result.skipped) == (700, 700, 0, 5, 0)
    rows = rows_of(out)
    assert [row["text"] for row in rows] == texts
    for head, expected in several.predictions_all(texts).items():
        assert [row[f"predicted_label_{head}"] for row in rows] == expected.labels.tolist()
        np.testing.assert_allclose([row[f"score_{head}"] for row in rows], expected.scores.max(axis=1), atol=1e-6)
    assert verify_job(out).is_whole
    assert [path.name for path in (out / "parts").iterdir() if path.suffix != ".parquet"] == []


def test_what_is_done_is_not_done_again(tiny_bundle: Path, tmp_path: Path) -> None:
    path, out = write_csv(tmp_path / "in.csv", short_texts(50)), tmp_path / "out"
    first, second, third = Here(2), Here(), Here()
    with pytest.raises(ZeroDivisionError):
        run_job(tiny_bundle, path, out, heads="topic", shard_rows=10, executor=first)
    assert run_job(tiny_bundle, path, out, heads="topic", shard_rows=10, executor=second).skipped == 2
    assert (first.done, second.done) == ([0, 1], [2, 3, 4])
    assert run_job(tiny_bundle, path, out, heads="topic", shard_rows=10, executor=third).skipped == 5
    assert third.done == []
    assert [row["id"] for row in rows_of(out)] == [str(number) for number in range(50)]


def test_a_part_that_was_removed_is_made_again(tiny_bundle: Path, tmp_path: Path) -> None:
    path, out = write_csv(tmp_path / "in.csv", short_texts(30)), tmp_path / "out"
    run_job(tiny_bundle, path, out, heads="topic", shard_rows=10, executor=Here())
    (out / "parts" / "part-000001.parquet").unlink()
    again = Here()
    run_job(tiny_bundle, path, out, heads="topic", shard_rows=10, executor=again)
    assert again.done == [1]
    assert verify_job(out).is_whole


def test_what_was_broken_off_is_swept_up_before_anything_else(tiny_bundle: Path, tmp_path: Path) -> None:
    path, out = write_csv(tmp_path / "in.csv", short_texts(30)), tmp_path / "out"
    run_job(tiny_bundle, path, out, heads="topic", shard_rows=10, executor=Here())
    (out / "done" / "part-000001.json").unlink()
    (out / "parts" / ".part-000002.parquet.0123abcd.unfinished").touch()
    with pytest.raises(ZeroDivisionError):
        run_job(tiny_bundle, path, out, heads="topic", shard_rows=10, executor=Here(0))
    names = sorted(path.name for path in (out / "parts").iterdir())
    assert names == ["part-000000.parquet", "part-000002.parquet"]


def test_too_many_bad_rows_end_the_job_and_what_is_done_stays(tiny_bundle: Path, tmp_path: Path) -> None:
    rows = [{"text": 5 if number % 5 == 0 else "good"} for number in range(40)]
    path, out = write_json_lines(tmp_path / "in.jsonl", rows), tmp_path / "out"
    with pytest.raises(JobRejectsError, match="2 rows could not be labelled, and 1 are let pass"):
        run_job(tiny_bundle, path, out, heads="topic", shard_rows=10, executor=Here())
    assert job_status(out).shards_done == 1
    with pytest.raises(JobRejectsError):  # before any work
        run_job(tiny_bundle, path, out, heads="topic", shard_rows=10, max_rejects=0, executor=Here(0))
    result = run_job(tiny_bundle, path, out, heads="topic", shard_rows=10, max_rejects=8, executor=Here())
    assert (result.labelled, result.rejected) == (32, 8)
    assert verify_job(out).is_whole


def test_no_rows_are_a_job_too(tiny_bundle: Path, tmp_path: Path) -> None:
    result = run_job(tiny_bundle, write_csv(tmp_path / "in.csv", []), tmp_path / "out", heads="topic")
    assert (result.rows, result.shards) == (0, 0)
    assert verify_job(tmp_path / "out").is_whole


def test_one_job_a_folder(tiny_bundle: Path, tmp_path: Path) -> None:
    path, out = write_csv(tmp_path / "in.csv", ["a"]), tmp_path / "out"
    with job_lock(out), pytest.raises(JobLockedError):
        run_job(tiny_bundle, path, out, heads="topic", executor=Here())


@pytest.mark.parametrize("options", [{"workers": 0}, {"threads": 0}, {"max_rejects": -1}, {"heads": "no"}])
def test_options_that_cannot_be_met_leave_no_folder(tiny_bundle: Path, tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        run_job(tiny_bundle, write_csv(tmp_path / "in.csv", ["a"]), tmp_path / "out", **{"heads": "topic", **options})
    assert not (tmp_path / "out").exists()


def test_a_bundle_is_no_folder_for_a_job(tiny_bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(JobError, match="and no job; choose an empty folder"):
        run_job(tiny_bundle, write_csv(tmp_path / "in.csv", ["a"]), tiny_bundle, heads="topic", executor=Here())
    claxon.Encoder.load(tiny_bundle).close()  # nothing was put into it


def command(bundle: Path, path: Path, out: Path) -> list[str]:
    words = ["job", "run", str(bundle), str(path), "--out", str(out), "--head", "sentiment", "--key", "id"]
    return [sys.executable, "-m", "claxon", *words, "--shard-rows", "1000", "--workers", "2", "--threads", "1"]


@posix_only
def test_a_job_that_is_killed_again_and_again_loses_nothing(tiny_bundle: Path, tmp_path: Path) -> None:
    path, out, whole = write_parquet(tmp_path / "x.parquet", short_texts(8000)), tmp_path / "out", tmp_path / "whole"
    run_job(tiny_bundle, path, whole, heads="sentiment", keep=["id"], shard_rows=1000, executor=Here())
    rng = random.Random(0)
    for _ in range(2):
        before = _shards_done(out)
        with subprocess.Popen(command(tiny_bundle, path, out), stderr=subprocess.PIPE) as process:
            _wait_for_shards(process, out, before + rng.randint(0, 2))
            time.sleep(0.2 * rng.random())
            process.kill()
    done = subprocess.run(command(tiny_bundle, path, out), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert verify_job(out).is_whole
    assert rows_of(out) == rows_of(whole)
    assert "shards are done already" in done.stderr


def _wait_for_shards(process: subprocess.Popen[bytes], out: Path, shards: int) -> None:
    for _ in range(1200):
        if _shards_done(out) >= shards or process.poll() is not None:
            return
        time.sleep(0.05)


def _shards_done(out: Path) -> int:
    return len(list((out / "done").glob("*.json")))


@posix_only
def test_ctrl_c_ends_the_workers_and_leaves_nothing_half_done(tiny_bundle: Path, tmp_path: Path) -> None:
    path, out = write_parquet(tmp_path / "x.parquet", short_texts(60_000)), tmp_path / "out"
    words = command(tiny_bundle, path, out)
    with subprocess.Popen(
        words, stderr=subprocess.PIPE, start_new_session=True, preexec_fn=_default_interrupt
    ) as process:
        _wait_for_shards(process, out, 1)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to the workers as well
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.decode().splitlines()[-1] == "claxon: interrupted"
    assert "Traceback" not in errors.decode()
    plan = Plan.load(out)
    assert 1 <= len(plan.shards) - len(pending(plan, out)) < len(plan.shards)
    assert not list(out.rglob("*.unfinished"))
    assert not job_status(out).is_running


def _default_interrupt() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what is put into the background ignores it


@posix_only
def test_a_full_disk_is_told_and_the_job_goes_on_when_there_is_room(tiny_bundle: Path, tmp_path: Path) -> None:
    full = tmp_path / "small"
    full.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(full)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        path = write_parquet(tmp_path / "x.parquet", short_texts(6000))
        words = [*command(tiny_bundle, path, full / "out"), "--embed"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert (
            "could not be written: No space left on device; nothing was changed; what is done stays done" in done.stderr
        )
        assert "Traceback" not in done.stderr
        assert not list(full.rglob("*.unfinished"))
        assert 0 < job_status(full / "out").shards_done < 6
        subprocess.run(["mount", "-o", "remount,size=40m", str(full)], check=True)
        again = subprocess.run(words, capture_output=True, text=True, check=False)
        assert again.returncode == 0, again.stderr
        assert verify_job(full / "out").is_whole
    finally:
        subprocess.run(["umount", str(full)], check=True)
