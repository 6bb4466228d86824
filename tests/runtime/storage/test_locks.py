"""Locks that end with their process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from claxon.storage.locks import UNSURE, Lock, acquire, exclusive

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no flock there")

HOLDER = (
    "import sys, time\n"
    "from pathlib import Path\n"
    "from claxon.storage.locks import acquire\n"
    "lock = acquire(Path(sys.argv[1]))\n"
    "print('held' if lock else 'not held', flush=True)\n"
    "time.sleep(60)\n"
)


@pytest.fixture(params=["file", "folder"])
def thing(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "thing"
    if request.param == "file":
        path.touch()
    else:
        path.mkdir()
    return path


def test_one_has_it_until_it_is_released(thing: Path) -> None:
    first = acquire(thing)
    assert first is not None
    assert first.is_sure
    assert acquire(thing) is None
    first.release()
    second = acquire(thing)
    assert second is not None
    second.release()


def test_a_killed_process_has_it_no_more(thing: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(thing)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert acquire(thing) is None
        holder.send_signal(signal.SIGKILL)
    lock = acquire(thing)
    assert lock is not None
    assert lock.is_sure
    lock.release()


def test_some_may_share_it_and_who_wants_it_alone_waits(thing: Path) -> None:
    shared = [acquire(thing, is_shared=True), acquire(thing, is_shared=True)]
    assert acquire(thing) is None
    alone: list[Lock | None] = []
    waiting = threading.Thread(target=lambda: alone.append(acquire(thing, waits=True)))
    waiting.start()
    for lock in shared:
        assert lock is not None
        assert not alone
        lock.release()
    waiting.join(10)
    assert len(alone) == 1
    assert alone[0] is not None
    assert alone[0].is_sure
    assert acquire(thing, is_shared=True) is None
    alone[0].release()


def test_a_missing_file_cannot_be_locked(tmp_path: Path) -> None:
    assert acquire(tmp_path / "absent") is None


def test_a_link_is_not_followed(thing: Path) -> None:
    link = thing.with_name("link")
    link.symlink_to(thing)
    assert acquire(link) == UNSURE


def test_a_file_replaced_before_locking_is_not_locked(thing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def replaced(path: Path, flags: int) -> int:
        monkeypatch.undo()
        descriptor = real(path, flags)
        thing.rename(thing.with_name("elsewhere"))
        thing.mkdir()
        return descriptor

    monkeypatch.setattr(os, "open", replaced)
    assert acquire(thing) is None


def test_a_file_system_without_locks_makes_nothing_sure(thing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(descriptor: int, operation: int) -> None:
        raise OSError("Function not implemented")

    monkeypatch.setattr("fcntl.flock", none)
    lock = acquire(thing)
    assert lock == UNSURE
    lock.release()


def test_a_lock_file_is_there_while_it_is_held(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with exclusive(path, wait_s=0):
        assert path.exists()
        with pytest.raises(TimeoutError), exclusive(path, wait_s=0.05):
            pytest.fail("two had it")
        assert path.exists()
    assert not path.exists()


def test_a_lock_file_that_a_killed_process_left_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    with exclusive(path, wait_s=0):
        pass
    assert not path.exists()


def test_only_one_at_a_time_is_between_the_lines(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def enter(number: int) -> None:
        for _ in range(10):
            with exclusive(tmp_path / "lock", wait_s=60):
                inside.append(number)
                most.append(len(inside))
                inside.remove(number)

    threads = [threading.Thread(target=enter, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 40
    assert max(most) == 1
