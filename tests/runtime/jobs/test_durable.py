from __future__ import annotations

import errno
import hashlib
from pathlib import Path

import pytest

from claxon.jobs.durable import NewFile, remove_unfinished, write_durably, write_errors
from claxon.jobs.errors import JobWriteError


def test_a_file_has_its_name_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with NewFile(path) as file:
        file.stream.write(b"half ")
        assert not path.exists()
        file.stream.write(memoryview(b"whole"))
    assert path.read_bytes() == b"half whole"
    assert (file.stream.size_bytes, file.stream.sha256) == (10, hashlib.sha256(b"half whole").hexdigest())
    assert list(tmp_path.iterdir()) == [path]


def test_of_a_block_that_fails_nothing_stays(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")

    def broken_off() -> None:
        with NewFile(path) as file:
            file.stream.write(b"new")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken_off()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_may_make_the_same_file(tmp_path: Path) -> None:
    with NewFile(tmp_path / "x") as one, NewFile(tmp_path / "x") as other:
        one.stream.write(b"1")
        other.stream.write(b"2")
    assert (tmp_path / "x").read_bytes() == b"1"


def test_what_was_killed_is_swept_up(tmp_path: Path) -> None:
    write_durably(tmp_path / "kept", b"")
    killed = NewFile(tmp_path / "x")
    killed.stream.close()
    assert remove_unfinished(tmp_path) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_an_error_of_the_system_names_the_file(tmp_path: Path) -> None:
    told = "/x could not be written: No space left on device; what is done stays"
    with pytest.raises(JobWriteError, match=told), write_errors(tmp_path / "x"):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(JobWriteError, match="No such file"):
        write_durably(tmp_path / "no" / "x", b"")
