from __future__ import annotations

import sys
from pathlib import Path

import pytest

from claxon.storage.cache_folder import cache_folder, write_whole

posix = pytest.mark.skipif(sys.platform == "win32", reason="another variable and other paths")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"CLAXON_CACHE": "/here", "XDG_CACHE_HOME": "/there"}, Path("/here")),
        ({"XDG_CACHE_HOME": "/there"}, Path("/there/claxon")),
        ({"XDG_CACHE_HOME": "relative"}, Path.home() / ".cache/claxon"),
        ({"CLAXON_CACHE": "", "XDG_CACHE_HOME": ""}, Path.home() / ".cache/claxon"),
        ({}, Path.home() / ".cache/claxon"),
    ],
)
@posix
def test_the_folder(environment: dict[str, str], expected: Path) -> None:
    assert cache_folder(environment) == expected


def test_the_environment_is_looked_at_when_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CLAXON_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path


def test_a_file_is_written_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.json"
    assert write_whole(path, b"1")
    assert write_whole(path, b"22")
    assert path.read_bytes() == b"22"
    assert [file.name for file in path.parent.iterdir()] == ["b.json"]


def test_a_folder_that_is_none_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a file")
    assert not write_whole(tmp_path / "a" / "b.json", b"1")


def test_a_file_that_cannot_be_replaced_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "b.json").mkdir()
    assert not write_whole(tmp_path / "b.json", b"1")
    assert [file.name for file in tmp_path.iterdir()] == ["b.json"]


def test_without_a_home_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", none)
    folder = cache_folder({})
    assert not folder.exists()
    assert not write_whole(folder / "file", b"")
