from __future__ import annotations

import json
from pathlib import Path

import pytest

from claxon.cli.main import main
from claxon.jobs.runner import ShardRunner
from tests.jobs import planned, short_texts, write_csv


@pytest.fixture
def out(tiny_bundle: Path, tmp_path: Path) -> Path:
    out = tmp_path / "out"
    plan = planned(tiny_bundle, [write_csv(tmp_path / "in.csv", short_texts(5))], out, shard_rows=2)
    with ShardRunner(plan, out, threads=1) as runner:
        for shard in plan.shards:
            runner.run(shard)
    return out


def test_a_whole_job(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["job", "verify", str(out)]) == 0
    assert capsys.readouterr().out == "whole: 5 rows and 0 rejects of 5, in 3 parts\n"


def test_a_damaged_job_and_how_it_is_mended(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    part = out / "parts" / "part-000001.parquet"
    part.write_bytes(b"x" * part.stat().st_size)
    assert main(["job", "verify", str(out)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("not whole")
    assert lines[1:] == [
        f"  {part} has other bytes than its marker says (SHA-256)",
        "add --redo to repeat 1 damaged shards",
    ]
    assert main(["job", "verify", str(out), "--redo", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["damaged"] == [1]
    assert main(["job", "verify", str(out)]) == 1
    assert "shard 1 is not done" in capsys.readouterr().out


def test_a_job_that_is_not_done(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (out / "done").iterdir():
        path.unlink()
    assert main(["job", "verify", str(out)]) == 1
    assert "shard 2 is not done" in capsys.readouterr().out
