from __future__ import annotations

from pathlib import Path

from claxon.storage.job_folder import JobFolder


def test_paths_of_a_shard(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path, ".parquet")
    names = [path.relative_to(tmp_path).as_posix() for path in (folder.part(7), folder.rejected(7), folder.marker(7))]
    assert names == ["parts/part-000007.parquet", "rejects/part-000007.jsonl", "done/part-000007.json"]


def test_the_shards_that_are_done(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path, ".jsonl")
    assert folder.numbers_done() == []
    folder.done.mkdir()
    for name in ("part-000010.json", "part-1000000.json", "part-000002.json", "part-x.json", "other.json"):
        (folder.done / name).touch()
    assert folder.numbers_done() == [2, 10, 1000000]
