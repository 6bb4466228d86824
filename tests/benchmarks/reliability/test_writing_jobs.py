"""Jobs that write: each writes its target whole, and looking finds what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from reliability.writing_jobs import JOBS, Job, Sources, fingerprint, prepare

IN_A_FILE = ["predict -o", "embed -o"]


@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS)
def test_a_job_writes_its_target_and_nothing_else(job: Job, sources: Sources, tmp_path: Path) -> None:
    prepare(job, sources, tmp_path)
    before = fingerprint(tmp_path / job.target)
    assert (before is None) == (job.old is None)
    job.run(sources, tmp_path)
    job.look(tmp_path / job.target)
    assert fingerprint(tmp_path / job.target) != before
    assert [path.name for path in tmp_path.iterdir()] == [job.target]


@pytest.mark.parametrize("name", IN_A_FILE)
def test_half_a_file_is_seen(name: str, sources: Sources, tmp_path: Path) -> None:
    job = JOBS[name]
    job.run(sources, tmp_path)
    target = tmp_path / job.target
    target.write_bytes(target.read_bytes()[: target.stat().st_size // 2])
    with pytest.raises(ValueError, match=r".+"):
        job.look(target)


@pytest.mark.parametrize(("name", "file"), [("export", "tokenizer.json"), ("report", "index.html")])
def test_half_a_folder_is_seen(name: str, file: str, sources: Sources, tmp_path: Path) -> None:
    job = JOBS[name]
    job.run(sources, tmp_path)
    target = tmp_path / job.target / file
    target.write_bytes(target.read_bytes()[:-9])
    with pytest.raises(ValueError, match=r".+"):
        job.look(tmp_path / job.target)


def test_a_fingerprint_tells_names_and_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_text("1")
    first = fingerprint(tmp_path / "a")
    (tmp_path / "a" / "b").write_text("2")
    second = fingerprint(tmp_path / "a")
    (tmp_path / "a" / "b").rename(tmp_path / "a" / "c")
    assert len({first, second, fingerprint(tmp_path / "a"), fingerprint(tmp_path / "absent")}) == 4
