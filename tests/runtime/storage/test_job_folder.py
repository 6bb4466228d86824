from __future__ import annotations

import errno
import hashlib
from pathlib import Path

import pytest

from claxon.errors import JobWriteError
from claxon.storage.job_folder import new_file, write_durably, write_errors


def test_a_file_has_its_name_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with new_file(path) as stream:
        stream.write(b"half ")
        assert not path.exists()
        stream.write(memoryview(b"whole"))
    assert path.read_bytes() == b"half whole"
    assert (stream.size_bytes, stream.sha256) == (10, hashlib.sha256(b"half whole").hexdigest())
    assert list(tmp_path.iterdir()) == [path]


def test_of_a_block_that_fails_nothing_stays(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")

    def broken_off() -> None:
        with new_file(path) as stream:
            stream.write(b"new")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken_off()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_may_make_the_same_file(tmp_path: Path) -> None:
    with new_file(tmp_path / "x") as one, new_file(tmp_path / "x") as other:
        one.write(b"1")
        other.write(b"2")
    assert (tmp_path / "x").read_bytes() == b"1"


def test_a_new_file_leaves_others_alone_and_lists_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: Path) -> None:
        raise AssertionError(f"{folder} was listed")

    monkeypatch.setattr(Path, "iterdir", refuse)
    write_durably(tmp_path / "x", b"1")
    assert (tmp_path / "x").read_bytes() == b"1"


def test_an_error_of_the_system_names_the_file(tmp_path: Path) -> None:
    told = "/x could not be written: No space left on device; what is done stays"
    with pytest.raises(JobWriteError, match=told), write_errors(tmp_path / "x"):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(JobWriteError, match="No such file"):
        write_durably(tmp_path / "no" / "x", b"")
