from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from claxon.jobs.parts import pending
from claxon.jobs.plan import Plan
from claxon.jobs.runner import ShardRunner
from claxon.jobs.verification import forget_damaged, verify_job
from tests.jobs import planned, write_json_lines


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str | int]]:
    return [{"text": "good"}, {"text": 5}, {"text": "bad"}, {"text": "film"}]


@pytest.fixture
def done(tiny_bundle: Path, tmp_path: Path, rows: list[dict[str, str | int]]) -> Path:
    out = tmp_path / "out"
    plan = planned(tiny_bundle, [write_json_lines(tmp_path / "x.jsonl", rows)], out, shard_rows=2)
    with ShardRunner(plan, out, threads=1) as runner:
        for shard in plan.shards:
            runner.run(shard)
    return out


def test_a_job_that_is_done_is_whole(done: Path) -> None:
    found = verify_job(done)
    assert found.is_whole
    assert (found.rows, found.labelled, found.rejected, found.shards) == (4, 3, 1, 2)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGES: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "missing part": ("parts/part-000001.parquet", lambda path: path.unlink(), "part-000001.parquet is missing"),
    "short part": ("parts/part-000001.parquet", lambda path: path.write_bytes(b""), "has 0 bytes, its marker says"),
    "flipped bit": ("parts/part-000001.parquet", flip, r"has other bytes than its marker says \(SHA-256\)"),
    "missing rejects": ("rejects/part-000000.jsonl", lambda path: path.unlink(), "part-000000.jsonl is missing"),
    "other rejects": ("rejects/part-000000.jsonl", flip, "has other bytes than its marker says"),
    "new rejects": ("rejects/part-000001.jsonl", lambda path: path.touch(), "belongs to no marker"),
    "broken marker": ("done/part-000001.json", lambda path: path.write_text("{"), "not valid JSON"),
    "missing marker": ("done/part-000001.json", lambda path: path.unlink(), "shard 1 is not done"),
    "part of nobody": ("parts/part-000002.parquet", lambda path: path.touch(), "belongs to no shard"),
    "something else": ("parts/copy.parquet", lambda path: path.touch(), "belongs to no shard"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_damage_is_found(done: Path, damage: str) -> None:
    name, change, told = DAMAGES[damage]
    change(done / name)
    found = verify_job(done)
    assert not found.is_whole
    with pytest.raises(AssertionError, match=told):
        raise AssertionError("\n".join(found.problems))


def test_damaged_shards_are_done_again_once_their_markers_are_gone(done: Path) -> None:
    flip(done / "parts" / "part-000001.parquet")
    plan = Plan.load(done)
    assert pending(plan, done) == []
    forget_damaged(done, verify_job(done))
    assert pending(plan, done) == [plan.shards[1]]
    with ShardRunner(plan, done, threads=1) as runner:
        runner.run(plan.shards[1])
    assert verify_job(done).is_whole
