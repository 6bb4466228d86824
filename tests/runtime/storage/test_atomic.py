"""A file that is the old one or the new one, whatever goes wrong; and what killed writers left."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from claxon.errors import OutputError
from claxon.storage.atomic import NamedFile, flush, remove_abandoned, whole_file
from claxon.storage.locks import acquire

LEFT = ".out.csv.0123abcd.unfinished"


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "out.csv"
    path.write_text("old")
    return path


def write(target: Path, content: bytes = b"new") -> None:
    with whole_file(target) as stream:
        stream.write(content)


def test_the_old_one_stays_until_the_new_one_is_whole(target: Path) -> None:
    with whole_file(target) as stream:
        stream.write(b"new")
        stream.flush()
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert names_in(target.parent) == ["out.csv"]


def test_a_file_is_flushed_before_it_is_renamed(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def record(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        seen.append((is_folder, target.read_text()))

    monkeypatch.setattr(os, "fsync", record)
    write(target)
    assert seen == [(False, "old"), (True, "new")]


def test_an_unflushed_file_does_not_wait_for_the_disk(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(descriptor: int) -> None:
        pytest.fail("it waited")

    monkeypatch.setattr(os, "fsync", never)
    with whole_file(target, is_flushed=False) as stream:
        stream.write(b"new")
    assert target.read_text() == "new"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_told_with_the_name() -> None:
    raw = NamedFile(Path("/dev/full"), "out.csv", "; nothing was changed")
    with pytest.raises(
        OutputError, match=r"^out\.csv could not be written: No space left on device; nothing was changed"
    ):
        raw.write(b"x")
    raw.close()


@pytest.mark.parametrize("call", [(os, "fsync"), (Path, "replace")], ids=["fsync", "rename"])
def test_a_full_disk_changes_nothing(target: Path, call: tuple[Any, str], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(*call, full)
    with pytest.raises(OutputError, match=r"out\.csv could not be written: No space left on device; nothing was"):
        write(target)
    monkeypatch.undo()
    assert target.read_text() == "old"
    assert names_in(target.parent) == ["out.csv"]


def test_a_pipe_whose_reader_went_away_is_no_error_of_the_output(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    raw = NamedFile(Path(f"/proc/self/fd/{writer}"), "pipe") if Path("/proc/self/fd").is_dir() else None
    os.close(writer)
    if raw is None:
        pytest.skip("no /proc here")
    with pytest.raises(BrokenPipeError):
        raw.write(b"x")
    raw.close()


def test_a_device_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="folder could not be written: Is a directory"):
        NamedFile(tmp_path, "folder")


def test_what_a_file_system_cannot_flush_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(descriptor: int) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", none)
    flush(0)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_what_a_killed_writer_left_is_removed_by_the_next_one(target: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from claxon.storage.atomic import whole_file\n"
        "with whole_file(Path(sys.argv[1])) as stream:\n"
        "    stream.write(b'half' * 9999)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(target)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert target.read_text() == "old"
    assert len(names_in(target.parent)) == 2
    write(target)
    assert target.read_text() == "new"
    assert names_in(target.parent) == ["out.csv"]


def test_the_file_of_a_writer_that_lives_is_left_alone(target: Path) -> None:
    with whole_file(target) as first:
        first.write(b"first")
        write(target, b"second")
    assert target.read_text() == "first"
    assert names_in(target.parent) == ["out.csv"]


def test_only_what_is_surely_nobodys_is_removed(target: Path) -> None:
    left = target.with_name(LEFT)
    others = [".out.csv.unfinished", ".other.csv.0123abcd.unfinished", "out.csv.0123abcd.unfinished"]
    for name in [LEFT, *others]:
        target.with_name(name).touch()
    lock = acquire(left)
    assert lock is not None
    remove_abandoned(target.parent, target.name)
    assert left.exists()
    lock.release()
    remove_abandoned(target.parent, target.name)
    assert names_in(target.parent) == sorted(["out.csv", *others])
    remove_abandoned(target.parent)
    assert ".other.csv.0123abcd.unfinished" not in names_in(target.parent)
    assert "out.csv.0123abcd.unfinished" in names_in(target.parent)


@pytest.mark.skipif(sys.platform == "win32", reason="no flock there")
def test_where_there_are_no_locks_nothing_is_taken_for_abandoned(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", none)
    target.with_name(LEFT).touch()
    write(target)
    assert target.read_text() == "new"
    assert names_in(target.parent) == [LEFT, "out.csv"]


def test_a_folder_of_such_a_name_stays(target: Path) -> None:
    target.with_name(LEFT).mkdir()
    remove_abandoned(target.parent)
    assert target.with_name(LEFT).is_dir()


@pytest.mark.parametrize("name", ["束" * 80, "x" * 255])
def test_names_of_any_length(tmp_path: Path, name: str) -> None:
    write(tmp_path / name)
    assert names_in(tmp_path) == [name]


def test_writers_at_once_leave_one_of_them_whole(target: Path) -> None:
    def replace(content: bytes) -> None:
        for _ in range(20):
            write(target, content)

    contents = [bytes([number]) * 100_000 for number in range(4)]
    writers = [threading.Thread(target=replace, args=(content,)) for content in contents]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert target.read_bytes() in contents
    assert names_in(target.parent) == ["out.csv"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
@pytest.mark.parametrize("umask", [0o022, 0o002, 0o077], ids=oct)
def test_a_file_has_the_mode_that_the_umask_gives_and_none_wider_than_it_had(tmp_path: Path, umask: int) -> None:
    path, before = tmp_path / "file", os.umask(umask)
    try:
        _write(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
        path.chmod(0o400)
        _write(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(before)


def _write(path: Path) -> None:
    with whole_file(path) as stream:
        stream.write(b"content")
