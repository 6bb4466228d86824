from __future__ import annotations

import os
from pathlib import Path

import pytest

from claxon.errors import JobInputError, OptionError
from claxon.formats.lines import Compression, InputFormat
from claxon.jobs.inputs import Source, check_unchanged, file_sha256, find_sources, one_format, stamp
from claxon.jobs.plan import InputFile


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.csv", "a.csv.gz", "deep/c.csv", "x.parquet", "notes.txt", "_SUCCESS", ".hidden/d.csv", "out/e.csv"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    return tmp_path


def names(sources: list[Source], folder: Path) -> list[str]:
    return [source.path.relative_to(folder).as_posix() for source in sources]


def test_a_folder_is_all_that_is_known_below_it_but_for_the_jobs_own(folder: Path) -> None:
    found = find_sources([folder], None, folder / "out")
    assert names(found, folder) == ["a.csv.gz", "b.csv", "deep/c.csv", "x.parquet"]
    assert [source.compression for source in found[:2]] == [Compression.GZIP, Compression.NONE]


def test_of_a_folder_only_the_format_asked_for_is_read(folder: Path) -> None:
    assert names(find_sources([folder], InputFormat.PARQUET, folder / "out"), folder) == ["x.parquet"]


def test_globs_and_files_are_sorted_and_each_is_there_once(folder: Path) -> None:
    found = find_sources([str(folder / "*.csv*"), folder / "b.csv", str(folder / "**/c.csv")], None, folder / "out")
    assert names(found, folder) == ["a.csv.gz", "b.csv", "deep/c.csv"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("nowhere", "is not there; expected a file, a folder or a glob"),
        ("*.tsv", "has no file to read; expected names that end in .parquet, .csv"),
        ("out", "has no file to read"),
    ],
)
def test_what_names_no_file_is_an_error(folder: Path, name: str, problem: str) -> None:
    with pytest.raises(JobInputError, match=problem):
        find_sources([str(folder / name)], None, folder / "out")


def test_the_format_is_that_of_the_suffixes_or_the_one_asked_for(folder: Path) -> None:
    csv = find_sources([folder / "b.csv"], None, folder / "out")
    assert one_format(csv, None) is InputFormat.CSV
    assert one_format(csv, InputFormat.TSV) is InputFormat.TSV
    with pytest.raises(OptionError, match=r"b.csv is csv and .*x.parquet is parquet"):
        one_format([*csv, Source.from_path(folder / "x.parquet")], None)
    with pytest.raises(OptionError, match=r"notes.txt does not tell its format; add --format parquet or csv"):
        one_format([Source.from_path(folder / "notes.txt")], None)


def described(path: Path) -> InputFile:
    seen = stamp(path)
    return InputFile(str(path), Compression.NONE, seen.size_bytes, seen.mtime_ns, file_sha256(path), 1)


def test_a_file_that_was_touched_is_the_same_and_one_that_was_written_is_not(folder: Path) -> None:
    path = folder / "b.csv"
    file = described(path)
    os.utime(path, (1, 1))
    check_unchanged(file)
    path.write_text("x.csv")
    with pytest.raises(JobInputError, match="was changed since the job was planned"):
        check_unchanged(file)
    path.unlink()
    with pytest.raises(JobInputError, match="cannot be read: No such file"):
        check_unchanged(file)
