"""Every file and folder that the export writes has the permissions that the umask gives."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import claxon_export
from tests.checkpoints import write_checkpoint
from tests.evaluations import sample_evaluation
from tests.training import fit_words

UMASKS = [0o022, 0o002, 0o077]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")


@pytest.fixture(params=UMASKS, ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """One umask for the whole test."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    """The permissions of a folder and of everything in it."""
    return {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.rglob("*")]}


def assert_as_umask_says(folder: Path, umask: int) -> None:
    """Fail where a file or a folder is more open or more closed than the umask says."""
    expected = {name: (0o777 if (folder / name).is_dir() else 0o666) & ~umask for name in modes(folder)}
    assert modes(folder) == expected


def exported(tmp_path: Path) -> Path:
    """A bundle with all precisions."""
    checkpoint = write_checkpoint(tmp_path / "checkpoint", "bert")
    precision = ["fp32", "int8", "fp16"]
    claxon_export.export(checkpoint, tmp_path / "bundle", precision=precision, verify=False, force=True)
    return tmp_path / "bundle"


def test_an_export_and_its_replacement_follow_the_umask(tmp_path: Path, umask: int) -> None:
    assert_as_umask_says(exported(tmp_path), umask)
    assert_as_umask_says(exported(tmp_path), umask)


WRITERS: dict[str, Callable[[Path], object]] = {
    "fit": lambda bundle: fit_words(bundle, cache=False),
    "add_head": lambda bundle: claxon_export.add_head(bundle, "mine", labels=["good", "bad"]),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_new_head_follows_the_umask(tiny_bundle: Path, tmp_path: Path, umask: int, writer: str) -> None:
    bundle = Path(shutil.copytree(tiny_bundle, tmp_path / "bundle", copy_function=shutil.copyfile))
    bundle.chmod(0o777 & ~umask)
    WRITERS[writer](bundle)
    assert_as_umask_says(bundle, umask)


def test_a_report_follows_the_umask(tmp_path: Path, umask: int) -> None:
    claxon_export.write_report(sample_evaluation(), tmp_path / "report", pictures=False)
    assert_as_umask_says(tmp_path / "report", umask)


def test_a_folder_that_was_closed_to_others_stays_closed(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        bundle = exported(tmp_path)
        bundle.chmod(0o500)
        exported(tmp_path)
        assert modes(bundle)["."] == 0o700
    finally:
        os.umask(before)
