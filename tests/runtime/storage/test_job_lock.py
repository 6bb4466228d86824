from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from claxon.errors import JobLockedError
from claxon.storage.job_folder import hold_worker_lock, is_locked, job_lock, wait_for_workers

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a file that is locked cannot be read there")

HOLD = """
import sys
from pathlib import Path
from claxon.storage.job_folder import hold_worker_lock, job_lock
with job_lock(Path(sys.argv[1])):
    hold_worker_lock(Path(sys.argv[1]))
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_process_works_in_a_folder_until_it_is_killed(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    words = [sys.executable, "-c", HOLD, str(out)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert is_locked(out)
        with pytest.raises(JobLockedError, match=r"another process works in .*; `claxon job status"), job_lock(out):
            pass
        process.kill()
        wait_for_workers(out)  # which the killed process was one of
    assert not is_locked(out)
    with job_lock(out):
        assert is_locked(out)


def test_workers_do_not_exclude_each_other(tmp_path: Path) -> None:
    locks = [hold_worker_lock(tmp_path), hold_worker_lock(tmp_path)]
    assert [lock.is_sure for lock in locks] == [True, True]
    for lock in locks:
        lock.release()


def test_a_folder_without_a_lock_is_not_locked(tmp_path: Path) -> None:
    assert not is_locked(tmp_path)
