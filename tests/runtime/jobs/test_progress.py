from __future__ import annotations

from pathlib import Path

import pytest

from claxon.errors import JobInputError, JobRejectsError
from claxon.jobs import progress as module
from claxon.jobs.parts import Marker, Written
from claxon.jobs.plan import Plan
from claxon.jobs.progress import JobProgress, duration
from claxon.jobs.runner import WindowDone
from tests.jobs import planned, short_texts, write_csv


@pytest.fixture
def plan(tiny_bundle: Path, tmp_path: Path) -> Plan:
    return planned(tiny_bundle, [write_csv(tmp_path / "in.csv", short_texts(250))], tmp_path / "out", shard_rows=100)


def marker_of(plan: Plan, number: int, rejected: int = 0) -> Marker:
    shard, part = plan.shards[number], Written(4, "0" * 64)
    return Marker(shard, "", "", "", part, None, shard.rows - rejected, rejected, 0, 10 * shard.rows, 0.5)


def test_what_is_left_is_what_has_no_marker(plan: Plan) -> None:
    tally = JobProgress(plan, [marker_of(plan, 1)], max_rejects=None, is_shown=False)
    tally.on_done(marker_of(plan, 0))
    assert tally.left() == [plan.shards[2]]
    assert [marker.shard.number for marker in tally.done] == [0]


def test_rows_are_counted_once_although_a_worker_dies(plan: Plan) -> None:
    tally = JobProgress(plan, [], max_rejects=None, is_shown=False)
    shard = plan.shards[0]
    tally.on_window(shard, WindowDone(60, 600))
    tally.on_lost(shard)
    tally.on_window(shard, WindowDone(60, 600))
    tally.on_window(shard, WindowDone(40, 400))
    tally.on_done(marker_of(plan, 0))
    assert (tally._rows, tally._n_tokens) == (100, 1000)


@pytest.mark.parametrize(("max_rejects", "passing"), [(None, 3), (0, 0), (7, 7)])
def test_bad_rows_of_all_runs_count(plan: Plan, max_rejects: int | None, passing: int) -> None:
    tally = JobProgress(plan, [marker_of(plan, 0, passing)], max_rejects=max_rejects, is_shown=False)
    tally.check_rejects()
    with pytest.raises(JobRejectsError, match=f"{passing + 1} rows could not be labelled, and {passing} are let pass"):
        tally.on_done(marker_of(plan, 1, 1))


def test_shards_that_cannot_be_read_are_told_at_the_end(plan: Plan) -> None:
    tally = JobProgress(plan, [], max_rejects=None, is_shown=False)
    tally.check_failures()
    for shard in plan.shards[:2]:
        tally.on_failed(shard, JobInputError("in.csv was changed"))
    with pytest.raises(JobInputError, match=r"^2 of 3 shards are not done: in.csv was changed$"):
        tally.check_failures()


def test_where_there_is_no_terminal_a_line_tells_now_and_then(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "LINE_EVERY_S", 0.0)
    with JobProgress(plan, [marker_of(plan, 0)], max_rejects=None, is_shown=True).shown() as tally:
        tally.on_window(plan.shards[1], WindowDone(50, 500))
    first, line = capsys.readouterr().err.splitlines()
    assert first == "claxon: 1 of 3 shards are done already"
    assert line.startswith("claxon: 150 of 250 texts, 1 of 3 shards, ")
    assert "texts/s" in line
    assert "tokens/s" in line
    assert line.endswith(" left")


def test_nothing_is_told_where_it_is_not_wanted(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    with JobProgress(plan, [marker_of(plan, 0)], max_rejects=None, is_shown=False).shown() as tally:
        tally.on_done(marker_of(plan, 1))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("seconds", "told"), [(5, "5 s"), (89, "89 s"), (300, "5 min"), (3900, "1 h 5 min")])
def test_durations_as_people_say_them(seconds: float, told: str) -> None:
    assert duration(seconds) == told
