"""A folder that is the old one or the new one, whatever goes wrong; and what is never replaced."""

from __future__ import annotations

import errno
import stat
from pathlib import Path

import pytest

from claxon_export.bundle.atomic_folder import check_target, whole_folder
from claxon_export.errors import ExportError, HeadError, TargetExistsError
from tests.whole_folders import NEW, OLD, assert_nothing_else_beside, contents, write_half, write_new


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
