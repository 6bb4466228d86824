"""What the tests of the export have in common."""

from __future__ import annotations

import functools
import shutil
from pathlib import Path

import pytest

from claxon_export.parity import parity
from claxon_export.parity.source import SourceKind, open_source
from claxon_export.pipeline import export
from tests.checkpoints import write_checkpoint


@pytest.fixture
def numpy_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parity gate compares with the numpy reference, which needs no torch and no time to load it."""
    monkeypatch.setattr(parity, "open_source", functools.partial(open_source, prefer=SourceKind.NUMPY))


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence encoder without heads; read only."""
    folder = tmp_path_factory.mktemp("exported")
    return export(write_checkpoint(folder / "source", "mpnet"), folder / "bundle", verify=False).path


@pytest.fixture
def bundle(exported: Path, tmp_path: Path) -> Path:
    """A copy of ``exported`` that a test may change."""
    return Path(shutil.copytree(exported, tmp_path / "bundle"))


@pytest.fixture
def sentence_bundle(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    """A bundle of ``tiny_checkpoint``, not compared with it yet."""
    return export(tiny_checkpoint, tmp_path / "sentence", verify=False).path


@pytest.fixture
def classifier_bundle(tiny_classifier: Path, tmp_path: Path) -> Path:
    """A bundle of ``tiny_classifier``, not compared with it yet."""
    return export(tiny_classifier, tmp_path / "classifier", verify=False).path


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
