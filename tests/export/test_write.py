"""A folder that is the old one or the new one, whatever goes wrong; and what is never replaced."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from claxon_export import write
from claxon_export.errors import ExportError, HeadError, TargetExistsError
from claxon_export.write import check_target, whole_folder


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where nothing is yet."""
    return tmp_path / "out" / "bundle"


@pytest.fixture
def old(target: Path) -> Path:
    """A bundle that is there already: ``manifest.json`` says ``old``, and a file that the new one has not."""
    (target / "heads").mkdir(parents=True)
    (target / "manifest.json").write_text("old")
    (target / "heads" / "old.onnx").write_text("old")
    return target


def write_new(target: Path, *, force: bool = False) -> None:
    with whole_folder(target, force=force) as folder:
        (folder / "manifest.json").write_text("new")
        (folder / "heads").mkdir()
        (folder / "heads" / "new.onnx").write_text("new")


def write_half(target: Path, error: BaseException, *, force: bool = False) -> None:
    with whole_folder(target, force=force) as folder:
        (folder / "manifest.json").write_text("half")
        raise error


def contents(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


OLD = {"manifest.json": "old", "heads/old.onnx": "old"}
NEW = {"manifest.json": "new", "heads/new.onnx": "new"}


def assert_nothing_else_beside(target: Path) -> None:
    assert list(target.parent.iterdir()) == ([target] if target.exists() else [])


def test_block_that_ends_well_puts_the_folder_in_place(target: Path) -> None:
    write_new(target)
    assert contents(target) == NEW
    assert_nothing_else_beside(target)


def test_nothing_is_at_the_target_before_the_block_ends(target: Path) -> None:
    with whole_folder(target) as folder:
        (folder / "manifest.json").write_text("new")
        assert not target.exists()
        assert folder.parent.parent == target.parent  # the same file system: a rename is enough


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt(), SystemExit(1)])
def test_exception_in_the_block_leaves_nothing(target: Path, error: BaseException) -> None:
    with pytest.raises(type(error)):
        write_half(target, error)
    assert not target.exists()
    assert_nothing_else_beside(target)


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt(), OSError(errno.EIO, "broken")])
def test_exception_in_the_block_leaves_the_old_one(old: Path, error: BaseException) -> None:
    expected = ExportError if isinstance(error, OSError) else type(error)
    with pytest.raises(expected):
        write_half(old, error, force=True)
    assert contents(old) == OLD
    assert_nothing_else_beside(old)


def test_existing_target_needs_force(old: Path) -> None:
    with pytest.raises(TargetExistsError, match="exists; give --force") as caught:
        write_new(old)
    assert isinstance(caught.value, FileExistsError)
    assert contents(old) == OLD
    assert_nothing_else_beside(old)


def test_existing_target_is_found_before_the_block_runs(old: Path) -> None:
    with pytest.raises(TargetExistsError), whole_folder(old):
        pytest.fail("the block ran")


def test_force_replaces_the_whole_folder(old: Path) -> None:
    write_new(old, force=True)
    assert contents(old) == NEW
    assert_nothing_else_beside(old)


def test_force_replaces_an_empty_folder(target: Path) -> None:
    target.mkdir(parents=True)
    write_new(target, force=True)
    assert contents(target) == NEW


def test_empty_folder_needs_force_too(target: Path) -> None:
    target.mkdir(parents=True)
    with pytest.raises(TargetExistsError):
        write_new(target)


def test_folder_that_is_no_bundle_is_never_deleted(target: Path) -> None:
    target.mkdir(parents=True)
    (target / "thesis.txt").write_text("years of work")
    with pytest.raises(ExportError, match="is not a bundle, so it is not replaced"):
        write_new(target, force=True)
    assert contents(target) == {"thesis.txt": "years of work"}
    assert_nothing_else_beside(target)


def test_file_is_never_deleted(target: Path) -> None:
    target.parent.mkdir()
    target.write_text("a file")
    with pytest.raises(ExportError, match="is not a bundle"):
        write_new(target, force=True)
    assert target.read_text() == "a file"


def test_link_is_neither_followed_nor_replaced(old: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(old)
    with pytest.raises(ExportError, match="is not a bundle"):
        write_new(link, force=True)
    assert link.is_symlink()
    assert contents(old) == OLD


@pytest.mark.parametrize("force", [False, True])
def test_dangling_link_counts_as_there(tmp_path: Path, force: bool) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(ExportError if force else TargetExistsError):
        write_new(link, force=force)
    assert link.is_symlink()


def test_check_target_allows_what_can_be_written(old: Path, tmp_path: Path) -> None:
    check_target(tmp_path / "new", force=False)
    check_target(old, force=True)


def test_target_that_comes_into_being_meanwhile_is_kept(target: Path) -> None:
    block = whole_folder(target)
    (block.__enter__() / "manifest.json").write_text("new")
    target.mkdir()
    (target / "manifest.json").write_text("somebody else's")
    with pytest.raises(TargetExistsError):
        block.__exit__(None, None, None)
    assert contents(target) == {"manifest.json": "somebody else's"}
    assert_nothing_else_beside(target)


def test_own_errors_come_through_as_they_are(target: Path) -> None:
    with pytest.raises(HeadError, match="no labels"):
        write_half(target, HeadError("no labels"))
    with pytest.raises(TargetExistsError, match="as it was"):  # an OSError too
        write_half(target, TargetExistsError("as it was"))


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

    monkeypatch.setattr(write.tempfile, "mkdtemp", refuse)
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


@pytest.mark.parametrize("name", ["ein Bündel", "束" * 60, "x" * 250, "-f", "a b'\"c"])
def test_names_of_any_kind_and_length(tmp_path: Path, name: str) -> None:
    write_new(tmp_path / name)
    write_new(tmp_path / name, force=True)
    assert contents(tmp_path / name) == NEW
    assert len(list(tmp_path.iterdir())) == 1


def test_relative_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_new(Path("bundle"))
    write_new(Path("./bundle"), force=True)
    assert contents(tmp_path / "bundle") == NEW


def test_working_folder_itself(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(old)
    write_new(Path("."), force=True)  # noqa: PTH201 - a target as it is typed
    assert contents(old) == NEW
    assert_nothing_else_beside(old)


def test_new_folder_is_as_open_as_the_user_makes_folders(target: Path) -> None:
    ordinary = target.parent.parent / "ordinary"
    ordinary.mkdir()
    write_new(target)
    assert stat.S_IMODE(target.stat().st_mode) == stat.S_IMODE(ordinary.stat().st_mode)


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
