from __future__ import annotations

from multiprocessing import get_context
from pathlib import Path

from claxon.jobs.executor import Executor, LocalExecutor, shard_name
from tests.jobs import planned, run_and_tell, short_texts, write_csv


def test_a_shard_is_called_by_its_rows_and_file(tiny_bundle: Path, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "in.csv", short_texts(25))
    plan = planned(tiny_bundle, [path], tmp_path / "out", shard_rows=10)
    assert shard_name(plan, plan.shards[2]) == f"shard 2 (rows 20 to 24 of {path})"


def test_the_local_executor_is_one() -> None:
    executor: Executor = LocalExecutor(2, 1)
    assert isinstance(executor, LocalExecutor)


def test_a_daemonic_process_does_the_shards_itself(tiny_bundle: Path, tmp_path: Path) -> None:
    """As the workers of task queues, which may have no children."""
    context = get_context("spawn")
    done = context.Queue()
    path = write_csv(tmp_path / "in.csv", ["good book", "awful phone"])
    process = context.Process(target=run_and_tell, args=(tiny_bundle, path, tmp_path / "out", done), daemon=True)
    process.start()
    assert done.get(timeout=120) == 2
    process.join()
    assert process.exitcode == 0
