from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from claxon.cli.commands.job_status import report
from claxon.cli.main import main
from claxon.jobs.progress import JobStatus
from tests.jobs import planned, short_texts, write_csv

STATUS = JobStatus(Path("out"), "/b", "a" * 64, False, 2, 1000, 400, 399, 1, 5, 8000, 10, 4, 20.0)


def test_the_status_for_people() -> None:
    text = "\n".join(report(STATUS))
    for part in (
        "4 of 10 done",
        "400 of 1,000 in 2 files (40.0%)",
        "20 texts/s each",
        "the same `claxon job run` command",
    ):
        assert part in text
    assert "running" in report(replace(STATUS, is_running=True))[0]
    assert "done" in report(replace(STATUS, shards_done=10))[0]


def test_from_the_command_line(tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planned(tiny_bundle, [write_csv(tmp_path / "in.csv", short_texts(5))], tmp_path / "out", shard_rows=2)
    assert main(["job", "status", str(tmp_path / "out")]) == 0
    assert "0 of 3 done" in capsys.readouterr().out
    assert main(["job", "status", str(tmp_path / "out"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["rows"], found["is_done"]) == (5, False)
    assert main(["job", "status", str(tmp_path)]) == 1
    assert "holds no job; `claxon job run … --out" in capsys.readouterr().err
