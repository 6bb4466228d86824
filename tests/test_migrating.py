"""What docs/migrating.md shows as before and after gives the same."""

from __future__ import annotations

import importlib
import re
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import claxon
import claxon_export
from tests.export.heads.test_setfit import write_setfit
from tests.texts import REVIEWS

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "migrating.md").read_text(encoding="utf-8")
SECTIONS = {
    title: (before, after)
    for title, before, after in re.findall(
        r"^## From ([^\n]+)\n(?:(?!^## ).)*?```py\n(.*?)```(?:(?!^## ).)*?```python\n(.*?)```", PAGE, re.M | re.S
    )
}
TEXTS = list(REVIEWS)
# What the older side of each section needs.
NEEDED = {
    "sentence-transformers": "sentence_transformers",
    "transformers and Optimum": "optimum.onnxruntime",
    "fastembed": "fastembed",
    "SetFit": "setfit",
}


def run(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {"claxon": claxon, "texts": TEXTS}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what other libraries deprecate in themselves
        exec(compile(code, "migrating.md", "exec"), names)  # as a reader would run it
    return names


@pytest.fixture
def folder(
    tiny_bundle: Path, tiny_checkpoint: Path, tiny_classifier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder with what the page calls ``demo`` and ``out``, all of it tiny."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    shutil.copytree(tiny_checkpoint, tmp_path / "demo" / "all-MiniLM-L6-v2")
    shutil.copytree(tiny_classifier, tmp_path / "demo" / "classifier")
    shutil.copytree(tiny_bundle, tmp_path / "out" / "minilm")
    return tmp_path


def test_every_section_is_read() -> None:
    assert list(SECTIONS) == list(NEEDED)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of Optimum's folders, left open
@pytest.mark.parametrize("title", SECTIONS)
def test_before_and_after_give_the_same(title: str, folder: Path) -> None:
    if title == "SetFit":
        encoder = claxon.Encoder.load(folder / "out/minilm")
        write_setfit(folder / "demo/all-MiniLM-L6-v2", folder / "demo/setfit", encoder, list(REVIEWS.values()))
        claxon_export.export("demo/setfit", "out/setfit", trust_pickle=True)
    if title == "transformers and Optimum":
        claxon_export.export("demo/classifier", "out/classifier")
    before, after = SECTIONS[title]
    ours = run(after)
    theirs = _run_theirs(title, before)
    if "labels" in ours:
        assert list(ours["labels"]) == list(theirs["labels"])
    for name in ("embeddings", "similarities"):
        assert (name in ours) == (name in theirs)
        if name in ours:
            np.testing.assert_allclose(ours[name], np.asarray(theirs[name]), atol=2e-5)


def _run_theirs(title: str, code: str) -> dict[str, Any]:
    try:
        importlib.import_module(NEEDED[title])
    except Exception as error:  # an installed library may be too old for another one
        pytest.skip(f"{NEEDED[title]} cannot be imported: {type(error).__name__}: {error}")
    if title == "fastembed":
        pytest.skip("fastembed downloads a model of its own, and tests use no network")
    return run(code)
