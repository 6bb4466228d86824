"""What a disk, a system or another writer may do meanwhile: the old folder stays, or the new one is whole."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from claxon.storage.locks import exclusive
from claxon_export.bundle import atomic_folder
from claxon_export.bundle.atomic_folder import check_target, whole_folder
from claxon_export.errors import ExportError, HeadError, TargetExistsError
from tests.whole_folders import NEW, OLD, assert_nothing_else_beside, contents, write_new


def test_full_disk_is_an_error_that_says_so(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExportError, match="No space left on device; nothing was changed"):
        write_new(old, force=True)
    assert contents(old) == OLD
    assert_nothing_else_beside(old)


def test_every_file_is_flushed_before_the_rename(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed = []
    real = os.fsync

    def record(descriptor: int) -> None:
        flushed.append((str(Path(f"/proc/self/fd/{descriptor}").readlink()), target.exists()))
        real(descriptor)

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("no /proc here to tell a descriptor's name by")
    monkeypatch.setattr(os, "fsync", record)
    write_new(target)
    before = {Path(name).name for name, is_in_place in flushed if not is_in_place}
    assert {"manifest.json", "new.onnx", "heads", "new"} <= before
    assert flushed[-1] == (str(target.parent), True)


def test_parent_that_cannot_be_written_to(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    with pytest.raises(ExportError, match=r"out cannot be written to: Permission denied"):
        write_new(target)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_read_only_parent(old: Path) -> None:
    old.parent.chmod(0o555)
    try:
        with pytest.raises(ExportError, match="cannot be written to"):
            write_new(old, force=True)
    finally:
        old.parent.chmod(0o755)
    assert contents(old) == OLD


def test_parent_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match="is not a folder"):
        write_new(tmp_path / "file" / "bundle")


def without_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot(work: Path, target: Path) -> bool:
        return False

    monkeypatch.setattr(atomic_folder, "_exchange", cannot)


def test_folders_that_cannot_be_exchanged_are_replaced_in_two_steps(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_exchange(monkeypatch)
    write_new(old, force=True)
    assert contents(old) == NEW
    assert_nothing_else_beside(old)


@pytest.mark.parametrize("error", [OSError(errno.EIO, "broken"), KeyboardInterrupt()])
def test_old_folder_comes_back_where_the_second_step_fails(
    old: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    without_exchange(monkeypatch)
    real = Path.rename

    def rename(self: Path, other: Path) -> Path:
        if self.name == "new":
            raise error
        return real(self, other)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises((ExportError, KeyboardInterrupt)):
        write_new(old, force=True)
    monkeypatch.undo()
    assert contents(old) == OLD
    assert_nothing_else_beside(old)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux exchanges folders")
def test_exchange_swaps_and_says_so(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    assert atomic_folder._exchange(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "a" / "b").exists()
    assert (tmp_path / "b" / "a").exists()
    assert not atomic_folder._exchange(tmp_path / "a", tmp_path / "absent")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux exchanges folders")
def test_readers_never_find_the_target_absent_or_half(old: Path) -> None:
    stop = threading.Event()
    seen = set()

    def look() -> None:
        while not stop.is_set():
            seen.add((old / "manifest.json").read_text())

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for _ in range(30):
            write_new(old, force=True)
    finally:
        stop.set()
        reader.join()
    assert seen <= {"old", "new"}
    assert "new" in seen


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
def test_killed_writer_leaves_the_old_one(old: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from claxon_export.bundle.atomic_folder import whole_folder\n"
        "with whole_folder(Path(sys.argv[1]), force=True) as folder:\n"
        "    (folder / 'manifest.json').write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(old)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert contents(old) == OLD
    assert len(list(old.parent.iterdir())) == 2
    write_new(old, force=True)
    assert contents(old) == NEW
    assert_nothing_else_beside(old)


def test_two_writers_at_once_leave_one_of_them_whole(old: Path) -> None:
    barrier = threading.Barrier(2)

    def replace(word: str) -> None:
        with whole_folder(old, force=True) as folder:
            for name in ("manifest.json", "a", "b"):
                (folder / name).write_text(word)
            barrier.wait()

    writers = [threading.Thread(target=replace, args=(word,)) for word in ("first", "second")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    result = contents(old)
    assert result.keys() == {"manifest.json", "a", "b"}
    assert len(set(result.values())) == 1
    assert_nothing_else_beside(old)


def left_behind(target: Path, **folders: dict[str, str]) -> Path:
    """A temporary folder as a killed writer of the target leaves it."""
    beside = target.with_name(f".{target.name}.0123abcd.tmp")
    for folder, files in folders.items():
        for name, content in files.items():
            (beside / folder / name).parent.mkdir(parents=True, exist_ok=True)
            (beside / folder / name).write_text(content)
    return beside


def test_what_was_killed_between_the_two_steps_is_put_back(target: Path) -> None:
    target.parent.mkdir()
    left_behind(target, old=OLD, new=NEW)
    with pytest.raises(TargetExistsError):
        write_new(target)
    assert contents(target) == OLD
    assert_nothing_else_beside(target)


def test_what_was_killed_after_the_two_steps_stays_replaced(old: Path) -> None:
    left_behind(old, old=NEW)
    with pytest.raises(TargetExistsError):
        write_new(old)
    write_new(old, force=True)
    assert contents(old) == NEW
    assert_nothing_else_beside(old)


def test_an_old_folder_that_cannot_be_put_back_at_once_is_not_lost(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_exchange(monkeypatch)
    real = Path.rename

    def rename(self: Path, other: Path) -> Path:
        if other == old:
            raise OSError(errno.EIO, "broken")
        return real(self, other)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(ExportError, match="broken"):
        write_new(old, force=True)
    assert not old.exists()
    monkeypatch.undo()
    with pytest.raises(TargetExistsError):
        write_new(old)
    assert contents(old) == OLD
    assert_nothing_else_beside(old)


def test_the_temporary_folder_of_a_writer_that_lives_is_left_alone(old: Path) -> None:
    with whole_folder(old, force=True) as folder:
        (folder / "manifest.json").write_text("first")
        write_new(old, force=True)
        assert contents(old) == NEW
    assert contents(old) == {"manifest.json": "first"}
    assert_nothing_else_beside(old)


@pytest.mark.skipif(os.name == "nt", reason="no flock there")
def test_where_there_are_no_locks_nothing_is_taken_for_abandoned(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", none)
    left = left_behind(old, new=NEW)
    write_new(old, force=True)
    assert contents(old) == NEW
    assert left.is_dir()


@pytest.mark.parametrize("name", [".bundle.thesis.tmp", "bundle.0123abcd.tmp", ".other.0123abcd.tmp"])
def test_what_only_looks_like_a_temporary_folder_stays(old: Path, name: str) -> None:
    (old.with_name(name) / "new").mkdir(parents=True)
    write_new(old, force=True)
    assert (old.with_name(name) / "new").is_dir()


def test_a_folder_of_that_name_that_holds_something_else_stays(old: Path) -> None:
    thesis = left_behind(old, thesis={"thesis.txt": "years of work"})
    write_new(old, force=True)
    assert contents(thesis) == {"thesis/thesis.txt": "years of work"}


def test_the_last_check_is_made_when_all_is_written_and_nobody_else_can_write(old: Path) -> None:
    lock = old.with_name(f".{old.name}.lock")

    def refuse() -> None:
        assert lock.exists()
        raise HeadError("changed meanwhile")

    block = whole_folder(old, force=True, check=refuse)
    (block.__enter__() / "manifest.json").write_text("new")
    assert not lock.exists()
    with pytest.raises(HeadError, match="changed meanwhile"):
        block.__exit__(None, None, None)
    assert contents(old) == OLD
    assert_nothing_else_beside(old)


def test_a_writer_that_hangs_is_waited_for_and_told(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic_folder, "WAIT_S", 0.05)
    lock = old.with_name(f".{old.name}.lock")
    with (
        exclusive(lock, wait_s=0),
        pytest.raises(ExportError, match=r"another process has held .*\.lock for .* nothing was changed"),
    ):
        write_new(old, force=True)
    assert contents(old) == OLD
    assert_nothing_else_beside(old)


def test_a_place_that_is_read_only_is_told_before_any_work(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(path: Path, mode: int) -> bool:
        return False

    monkeypatch.setattr(os, "access", read_only)
    for target in (old, old.with_name("new"), old.parent / "deep" / "er"):
        with pytest.raises(ExportError, match="is not writable: it is read-only or belongs to another user"):
            check_target(target, force=True)
