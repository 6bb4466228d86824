from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from claxon.errors import JobDamagedError, JobError
from claxon.jobs.plan import Plan, Shard
from tests.jobs import planned, short_texts, write_csv


@pytest.fixture
def plan(tiny_bundle: Path, tmp_path: Path) -> Plan:
    inputs = [
        write_csv(tmp_path / name, short_texts(rows)) for name, rows in [("a.csv", 25), ("b.csv", 0), ("c.csv", 3)]
    ]
    return planned(tiny_bundle, inputs, tmp_path / "out", shard_rows=10, threshold=0.5)


def test_a_plan_comes_back_as_it_was_written(plan: Plan, tmp_path: Path) -> None:
    assert Plan.load(tmp_path / "out") == plan
    assert [(shard.file, shard.first_row, shard.rows) for shard in plan.shards] == [
        (0, 0, 10), (0, 10, 10), (0, 20, 5), (2, 0, 3),
    ]  # fmt: skip
    assert plan.rows == 28


def test_the_same_inputs_make_the_same_plan(plan: Plan, tiny_bundle: Path, tmp_path: Path) -> None:
    inputs = [tmp_path / name for name in ("c.csv", "a.csv", "b.csv")]
    again = planned(tiny_bundle, inputs, tmp_path / "again", shard_rows=10, threshold=0.5)
    assert again.to_json() == plan.to_json()


def test_what_differs_is_told(plan: Plan) -> None:
    other = replace(plan.options, text="review", heads=(), threshold=None)
    assert plan.options.differences(other) == [
        "text was text, is now review",
        "heads was sentiment, is now none",
        "threshold was 0.5, is now none",
    ]
    assert plan.options.digest != other.digest


@pytest.mark.parametrize("number", [0, 1, 3])
def test_shards_that_leave_rows_out_are_refused(plan: Plan, number: int) -> None:
    shards = tuple(shard for shard in plan.shards if shard.number != number)
    with pytest.raises(JobDamagedError, match=r"x: (shard|the shards do)"):
        Plan.from_json(replace(plan, shards=shards).to_json(), "x")


def test_shards_that_have_rows_twice_are_refused(plan: Plan) -> None:
    shards = (*plan.shards, Shard(4, 2, 0, 3, 8, 2))
    with pytest.raises(JobDamagedError, match="x: shard 4 does not begin where the one before it ends"):
        Plan.from_json(replace(plan, shards=shards).to_json(), "x")


@pytest.mark.parametrize("content", [b"", b"{}", b'{"schema": 2}', b"[]"])
def test_what_is_no_plan_is_refused(content: bytes) -> None:
    with pytest.raises(JobDamagedError, match="x: "):
        Plan.from_json(content, "x")


def test_a_folder_without_a_job(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="holds no job; `claxon job run"):
        Plan.load(tmp_path)
