from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from claxon.errors import BundleError, JobInputError, JobWorkerError
from claxon.jobs.executor import LocalExecutor
from claxon.jobs.parts import pending
from claxon.jobs.plan import Plan, Shard
from claxon.jobs.progress import JobProgress
from claxon.jobs.runner import WindowDone
from claxon.jobs.verification import verify_job
from tests.jobs import planned, rows_of, short_texts, write_parquet

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")


class Killing(JobProgress):
    """Kills the worker that was last heard of, so many times at one shard."""

    def __init__(self, plan: Plan, out: Path, shard: int, times: int) -> None:
        super().__init__(plan, [], max_rejects=None, is_shown=False)
        self._shard, self._times, self.lost = shard, times, 0

    def on_window(self, shard: Shard, window: WindowDone) -> None:
        super().on_window(shard, window)
        if shard.number == self._shard and self.lost < self._times:
            for pid in children():
                os.kill(pid, signal.SIGKILL)

    def on_lost(self, shard: Shard) -> None:
        super().on_lost(shard)
        self.lost += 1


def children() -> list[int]:
    """Workers of this process."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            words = (path / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == os.getpid() and b"spawn_main" in words:
            found.append(int(path.name))
    return found


@pytest.fixture
def plan(tiny_bundle: Path, tmp_path: Path) -> Plan:
    path = write_parquet(tmp_path / "x.parquet", short_texts(5000))
    return planned(tiny_bundle, [path], tmp_path / "out", shard_rows=2500)


def test_a_worker_that_is_killed_is_replaced_and_its_shard_done_again(plan: Plan, tmp_path: Path) -> None:
    tally = Killing(plan, tmp_path / "out", 0, 1)
    LocalExecutor(1, 1).run(plan, tmp_path / "out", plan.shards, tally)
    assert tally.lost == 1
    assert [row["id"] for row in rows_of(tmp_path / "out")] == list(range(5000))
    assert verify_job(tmp_path / "out").problems[1:] == ()  # but for what the killed one left, which run_job removes


def test_a_shard_that_ends_its_worker_again_and_again_ends_the_job(plan: Plan, tmp_path: Path) -> None:
    tally = Killing(plan, tmp_path / "out", 1, 9)
    with pytest.raises(
        JobWorkerError, match=r"^shard 1 \(rows 2,500 to 4,999 of .* ended its worker 3 times, .*SIGKILL"
    ):
        LocalExecutor(1, 1).run(plan, tmp_path / "out", plan.shards, tally)
    assert pending(plan, tmp_path / "out") == [plan.shards[1]]
    assert children() == []


def test_an_input_that_is_gone_ends_its_shards_only(tiny_bundle: Path, tmp_path: Path) -> None:
    paths = [write_parquet(tmp_path / f"{name}.parquet", ["good"]) for name in "abc"]
    plan = planned(tiny_bundle, paths, tmp_path / "out")
    paths[1].unlink()
    tally = JobProgress(plan, [], max_rejects=None, is_shown=False)
    LocalExecutor(2, 1).run(plan, tmp_path / "out", plan.shards, tally)
    assert pending(plan, tmp_path / "out") == [plan.shards[1]]
    with pytest.raises(JobInputError, match=r"1 of 3 shards are not done: .*b.parquet cannot be read: No such file"):
        tally.check_failures()


def test_what_ends_a_worker_with_an_error_ends_the_job(copied_bundle: Path, tmp_path: Path) -> None:
    plan = planned(copied_bundle, [write_parquet(tmp_path / "x.parquet", ["good"])], tmp_path / "out")
    (copied_bundle / "tokenizer.json").unlink()
    tally = JobProgress(plan, [], max_rejects=None, is_shown=False)
    with pytest.raises(BundleError, match=r"tokenizer.json is missing"):
        LocalExecutor(1, 1).run(plan, tmp_path / "out", plan.shards, tally)


def test_the_threads_are_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("claxon.jobs.executor.available_threads", lambda: 7)
    assert [LocalExecutor(workers).threads for workers in (1, 2, 8)] == [7, 3, 1]
    assert LocalExecutor(2, 5).threads == 5
