from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from claxon.errors import JobDamagedError, JobWriteError, OptionError
from claxon.jobs.runner import ShardRunner
from claxon.jobs.verification import merge_job
from tests.jobs import planned, rows_of, short_texts, write_parquet


def done(bundle: Path, folder: Path, **request: Any) -> Path:
    out = folder / "out"
    inputs = [write_parquet(folder / f"{name}.parquet", short_texts(30)) for name in "ab"]
    plan = planned(bundle, inputs, out, shard_rows=20, **request)
    with ShardRunner(plan, out, threads=1) as runner:
        for shard in reversed(plan.shards):
            runner.run(shard)
    return out


def test_parquet_in_the_order_of_the_input(tiny_bundle: Path, tmp_path: Path) -> None:
    out, target = done(tiny_bundle, tmp_path, embed="float16"), tmp_path / "all.parquet"
    assert merge_job(out, target) == 60
    found = pq.read_table(target)
    assert found["id"].to_pylist() == [*range(30), *range(30)]
    assert found.to_pylist() == rows_of(out)
    assert pq.ParquetFile(target).metadata.num_row_groups == 1


def test_json_lines_likewise(tiny_bundle: Path, tmp_path: Path) -> None:
    out, target = done(tiny_bundle, tmp_path, output_format="jsonl"), tmp_path / "all.jsonl"
    assert merge_job(out, target) == 60
    assert [json.loads(line) for line in target.read_text().splitlines()] == rows_of(out)


def test_a_job_that_is_not_whole_is_not_merged(tiny_bundle: Path, tmp_path: Path) -> None:
    out, target = done(tiny_bundle, tmp_path), tmp_path / "all.parquet"
    (out / "done" / "part-000002.json").unlink()
    with pytest.raises(JobDamagedError, match=r"the job is not whole: shard 2 is not done; .*run it again first"):
        merge_job(out, target)
    assert not target.exists()


def test_the_target_ends_as_the_parts_do_and_lies_in_a_folder(tiny_bundle: Path, tmp_path: Path) -> None:
    out = done(tiny_bundle, tmp_path)
    with pytest.raises(OptionError, match=r"all.csv does not end in .parquet, as the parts do"):
        merge_job(out, tmp_path / "all.csv")
    with pytest.raises(JobWriteError, match="No such file or directory"):
        merge_job(out, tmp_path / "no" / "all.parquet")
