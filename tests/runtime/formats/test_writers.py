from __future__ import annotations

import csv
import io
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claxon.errors import InputError, OptionError, OutputError
from claxon.formats import writers
from claxon.formats.writers import CSVWriter, JSONWriter, check_new_columns, csv_cell, is_mount_point, open_output

CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def csv_lines(*rows: dict[str, Any], columns: list[str], delimiter: str = ",") -> str:
    stream = io.BytesIO()
    writer = CSVWriter(stream, columns, delimiter)
    for row in rows:
        writer.write(row, {})
    return stream.getvalue().decode()


def test_csv_has_its_header_even_without_rows() -> None:
    assert csv_lines(columns=["a", "b c"]) == "a,b c\n"


def test_csv_cells() -> None:
    row = {"a": None, "b": True, "c": [1, "ü"], "d": 0.5, "e": 'x,"y"'}
    expected = 'a,b,c,d,e\n,true,"[1, ""ü""]",0.5,"x,""y"""\n'
    assert csv_lines(row, columns=list(row)) == expected


def test_csv_leaves_what_a_row_has_not_empty_and_refuses_what_the_header_has_not() -> None:
    assert csv_lines({"b": "x"}, columns=["a", "b"], delimiter=";") == "a;b\n;x\n"
    with pytest.raises(InputError, match="'c'"):
        csv_lines({"c": "x"}, columns=["a", "b"])


@given(st.lists(st.lists(st.text(CHARACTERS), min_size=2, max_size=2)))
def test_csv_comes_back(rows: list[list[str]]) -> None:
    """Property: what the csv module reads is what was written, lone carriage returns included."""
    content = csv_lines(*({"a": a, "b": b} for a, b in rows), columns=["a", "b"])
    assert list(csv.reader(io.StringIO(content, newline=""), strict=True)) == [["a", "b"], *rows]


def test_json_keeps_letters_and_half_surrogates() -> None:
    stream = io.BytesIO()
    JSONWriter(stream).write({"text": "ü", "odd": "\ud83d"}, {"label": None})
    assert stream.getvalue() == '{"text": "ü", "odd": "\\ud83d", "label": null}\n'.encode()
    assert json.loads(stream.getvalue())["odd"] == "\ud83d"


def test_json_refuses_to_overwrite_a_key() -> None:
    with pytest.raises(OptionError, match="--prefix"):
        JSONWriter(io.BytesIO()).write({"score": 1}, {"score": 2})


@pytest.mark.parametrize(("value", "expected"), [(False, "false"), (3, "3"), ({"a": 1}, '{"a": 1}'), ("", "")])
def test_one_cell(value: Any, expected: str) -> None:
    assert csv_cell(value) == expected


def test_two_columns_may_not_have_one_name() -> None:
    check_new_columns(["a"], ["b", "c"])
    with pytest.raises(OptionError, match="--prefix"):
        check_new_columns(["a"], ["b", "a"])
    with pytest.raises(OptionError, match="two added columns"):
        check_new_columns(["a"], ["b", "b"])


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("before")
    with open_output(str(target)) as stream:
        stream.write(b"after")
        stream.flush()
        assert target.read_text() == "before"
    assert target.read_text() == "after"
    assert names_in(tmp_path) == ["out.csv"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, InputError])
def test_an_interrupted_file_does_not_appear(tmp_path: Path, error: type[BaseException]) -> None:
    def half() -> None:
        with open_output(str(tmp_path / "out.csv")) as stream:
            stream.write(b"half")
            raise error

    with pytest.raises(error):
        half()
    assert names_in(tmp_path) == []


def test_a_folder_that_is_not_there_is_told_by_the_name_that_was_given(tmp_path: Path) -> None:
    target = str(tmp_path / "none" / "out.csv")
    with pytest.raises(OutputError, match="No such file or directory") as caught, open_output(target):
        pass
    assert str(caught.value).startswith(f"{target} could not be written")


def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    with open_output(str(tmp_path / "out")):
        pass
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("usual", "out")}
    assert len(modes) == 1


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("before")
    (tmp_path / "link").symlink_to("real")
    with open_output(str(tmp_path / "link")) as stream:
        stream.write(b"after")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "after"


def test_a_device_is_written_to_as_it_is() -> None:
    with open_output(os.devnull) as stream:
        stream.write(b"x")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_a_dash_is_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with open_output("-") as stream:
        stream.write("ü".encode())
        stream.flush()
    assert capfdbinary.readouterr().out == "ü".encode()


def test_a_file_that_is_mounted_by_itself_is_found(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "36 35 98:0 / / rw - ext4 /dev/root rw\n37 36 98:0 /a /out/my\\040file.csv rw - ext4 /dev/root rw\n"
    )
    assert is_mount_point(Path("/out/my file.csv"), mounts)
    assert not is_mount_point(Path("/out"), mounts)
    assert not is_mount_point(tmp_path / "file", tmp_path / "absent")


def test_a_file_that_cannot_be_replaced_is_written_in_place_and_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.csv"
    path.write_text("before")
    inode = path.stat().st_ino
    monkeypatch.setattr(writers, "is_mount_point", lambda _: True)
    with pytest.warns(UserWarning, match="is mounted by itself"), open_output(str(path)) as stream:
        stream.write(b"after")
    assert (path.read_text(), path.stat().st_ino) == ("after", inode)
