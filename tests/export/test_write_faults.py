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

from claxon_export import write
from claxon_export.errors import ExportError
from claxon_export.write import whole_folder
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

    monkeypatch.setattr(write, "_exchange", cannot)


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
    assert write._exchange(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "a" / "b").exists()
    assert (tmp_path / "b" / "a").exists()
    assert not write._exchange(tmp_path / "a", tmp_path / "absent")


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
        "from claxon_export.write import whole_folder\n"
        "with whole_folder(Path(sys.argv[1]), force=True) as folder:\n"
        "    (folder / 'manifest.json').write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(old)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert contents(old) == OLD
    write_new(old, force=True)
    assert contents(old) == NEW


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
    found = contents(old)
    assert found.keys() == {"manifest.json", "a", "b"}
    assert len(set(found.values())) == 1
    assert_nothing_else_beside(old)
