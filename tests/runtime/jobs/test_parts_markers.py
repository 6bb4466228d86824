from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from claxon.errors import JobDamagedError
from claxon.jobs.parts import Marker, Written, done_markers, pending, read_marker, read_markers, write_marker
from claxon.jobs.plan import Plan
from tests.jobs import planned, short_texts, write_csv


@pytest.fixture
def plan(tiny_bundle: Path, tmp_path: Path) -> Plan:
    return planned(tiny_bundle, [write_csv(tmp_path / "in.csv", short_texts(25))], tmp_path / "out", shard_rows=10)


def marker_of(plan: Plan, number: int) -> Marker:
    shard = plan.shards[number]
    digests = plan.files[0].sha256, plan.bundle_digest, plan.options.digest
    return Marker(shard, *digests, Written(4, "0" * 64), None, shard.rows, 0, 0, 50, 0.5)


def test_what_has_a_marker_and_its_part_is_done(plan: Plan, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert pending(plan, out) == list(plan.shards)
    plan.folder(out).part(1).write_bytes(b"part")
    write_marker(plan, out, marker_of(plan, 1))
    assert read_marker(plan, out, 1) == marker_of(plan, 1)
    assert pending(plan, out) == [plan.shards[0], plan.shards[2]]


@pytest.mark.parametrize("content", [None, b"part of it"])
def test_a_marker_whose_part_is_another_counts_for_nothing(plan: Plan, tmp_path: Path, content: bytes | None) -> None:
    out = tmp_path / "out"
    write_marker(plan, out, marker_of(plan, 0))
    if content is not None:
        plan.folder(out).part(0).write_bytes(content)
    assert (list(read_markers(plan, out)), list(done_markers(plan, out))) == ([0], [])


def test_a_marker_of_another_job_is_refused(plan: Plan, tmp_path: Path) -> None:
    for other in (
        replace(marker_of(plan, 0), bundle_digest="f" * 64),
        replace(marker_of(plan, 0), options_digest="f" * 64),
        replace(marker_of(plan, 0), input_sha256="f" * 64),
        replace(marker_of(plan, 0), rows=9),
    ):
        write_marker(plan, tmp_path / "out", other)
        with pytest.raises(JobDamagedError, match=r"part-000000.json is of another job; remove it"):
            read_markers(plan, tmp_path / "out")


def test_half_a_marker_is_refused(plan: Plan, tmp_path: Path) -> None:
    plan.folder(tmp_path / "out").marker(0).write_text('{"shard": ')
    with pytest.raises(JobDamagedError, match=r"part-000000.json: not valid JSON.*; remove it"):
        pending(plan, tmp_path / "out")
