"""Bundles in odd places: closed to writing, with names of any letters and any length, for a user without a home."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import claxon
from tests.texts import TEXTS

NAMES = ["naïve 中文 😀", "with 'quotes' \"and\" spaces", "-leading", "%s{0}$HOME", "x" * 200, "line\nbreak"]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_any_kind(name: str, tiny_bundle: Path, classifier: claxon.Classifier, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_bundle, tmp_path / name))
    found = claxon.load(folder, "sentiment", threads=1)
    assert found.predict(TEXTS).tolist() == classifier.predict(TEXTS).tolist()


def test_a_path_of_thousands_of_characters(tiny_bundle: Path, tmp_path: Path) -> None:
    folder = tmp_path
    while len(str(folder)) < 3000:
        folder /= "d" * 200
    folder.parent.mkdir(parents=True)
    shutil.copytree(tiny_bundle, folder)
    assert len(claxon.load(folder, "sentiment", threads=1).predict(TEXTS)) == len(TEXTS)


def test_a_folder_that_is_closed_to_writing_stays_as_it_is(copied_bundle: Path) -> None:
    everything = [copied_bundle, *copied_bundle.rglob("*")]
    for path in everything:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = {path: path.stat().st_mtime_ns for path in everything}
    try:
        assert len(claxon.load(copied_bundle, "sentiment", threads=1).predict(TEXTS)) == len(TEXTS)
        assert {path: path.stat().st_mtime_ns for path in [copied_bundle, *copied_bundle.rglob("*")]} == before
    finally:
        for path in everything:
            path.chmod(stat.S_IRWXU)


LABEL = "import sys, claxon; print(claxon.load(sys.argv[1], 'sentiment').predict(['great book'])[0])"


@pytest.mark.parametrize("home", [None, "", "/nowhere", os.devnull])
def test_a_user_without_a_home(home: str | None, tiny_bundle: Path, classifier: claxon.Classifier) -> None:
    environment = {"PATH": os.environ["PATH"]} | ({} if home is None else {"HOME": home})
    words = [sys.executable, "-c", LABEL, str(tiny_bundle)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment, cwd="/")
    assert done.stdout.strip() == classifier.predict(["great book"])[0]
    assert done.stderr == ""
