from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from claxon.cli.main import main
from claxon.jobs.runner import ShardRunner
from tests.jobs import planned, short_texts, write_csv


def test_one_file_of_all_parts(tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts, out, target = short_texts(5), tmp_path / "out", tmp_path / "all.parquet"
    plan = planned(tiny_bundle, [write_csv(tmp_path / "in.csv", texts)], out, shard_rows=2)
    assert main(["job", "merge", str(out), "-o", str(target)]) == 1
    assert "the job is not whole: shard 0 is not done" in capsys.readouterr().err
    with ShardRunner(plan, out, threads=1) as runner:
        for shard in plan.shards:
            runner.run(shard)
    assert main(["job", "merge", str(out), "-o", str(target)]) == 0
    assert capsys.readouterr().err == f"claxon: 5 rows in {target}\n"
    assert pq.read_table(target)["text"].to_pylist() == texts
    assert main(["job", "merge", str(out), "-o", str(tmp_path / "all.csv")]) == 2
