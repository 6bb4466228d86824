from __future__ import annotations

from pathlib import Path

from claxon.jobs.executor import Executor, LocalExecutor, shard_name
from tests.jobs import planned, short_texts, write_csv


def test_a_shard_is_called_by_its_rows_and_file(tiny_bundle: Path, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "in.csv", short_texts(25))
    plan = planned(tiny_bundle, [path], tmp_path / "out", shard_rows=10)
    assert shard_name(plan, plan.shards[2]) == f"shard 2 (rows 20 to 24 of {path})"


def test_the_local_engine_is_one() -> None:
    engine: Executor = LocalExecutor(2, 1)
    assert isinstance(engine, LocalExecutor)
