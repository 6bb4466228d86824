from __future__ import annotations

from pathlib import Path

import pytest

from reliability.job_runs import JobRun, markers_of, rows_of, shards_broken_off, write_input


@pytest.fixture(scope="module")
def job(small_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> JobRun:
    folder = tmp_path_factory.mktemp("job")
    return JobRun(small_bundle, write_input(folder / "in.parquet", 250, seed=1), folder / "out", 100, workers=1)


def test_a_job_is_run_and_read_back(job: JobRun) -> None:
    assert job.finish() is None
    assert rows_of(job.out)["id"].to_pylist() == list(range(250))
    assert list(markers_of(job.out)) == ["part-000000.json", "part-000001.json", "part-000002.json"]
    assert shards_broken_off(job.out) == set()
    (job.out / "done" / "part-000001.json").unlink()
    (job.out / "parts" / ".part-000000.parquet.ab.unfinished").touch()  # done before, so nothing is lost
    assert shards_broken_off(job.out) == {"part-000001"}


def test_what_a_job_says_of_its_end(job: JobRun, tmp_path: Path) -> None:
    complaint = JobRun(job.bundle, tmp_path / "nothing.parquet", tmp_path / "out", 100).finish()
    assert complaint is not None
    assert complaint.startswith("ended with 1: claxon: error: ")
    assert shards_broken_off(tmp_path / "out") == set()


def test_the_same_seed_makes_the_same_texts(tmp_path: Path) -> None:
    one, other = (write_input(tmp_path / name, 50, seed=2).read_bytes() for name in ("a", "b"))
    assert one == other
