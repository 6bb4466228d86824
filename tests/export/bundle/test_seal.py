"""The manifest lists every file as it is, and says what made it."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path

import numpy as np
import pytest

import claxon
from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import MANIFEST_NAME, SCHEMA, Manifest, Provenance
from claxon.errors import IntegrityError
from claxon_export.bundle.card import model_card
from claxon_export.bundle.seal import CARD_NAME, file_entry, seal, tool_versions
from tests.encoder_graphs import TinyEncoder, encoder_of

PROVENANCE = Provenance("org/name", "a" * 40, "native", {"config.json": "0" * 64}, {"claxon": "1.2.3"})


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> TinyEncoder:
    return encoder_of(tmp_path_factory.mktemp("encoder"), "bert")


@pytest.fixture
def folder(encoder: TinyEncoder, tmp_path: Path) -> Path:
    """An unsealed bundle with a file in a folder and one that is named like the manifest."""
    for path in encoder.folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "tokenizer.json").write_text(encoder.checkpoint.tokenizer_json)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / MANIFEST_NAME).write_text("{}")
    return tmp_path


def test_every_file_but_the_manifest_is_listed(folder: Path, encoder: TinyEncoder) -> None:
    manifest = seal(folder, encoder.spec, (), PROVENANCE)
    assert list(manifest.files) == sorted(
        [CARD_NAME, "encoder.onnx", "encoder.safetensors", "notes/manifest.json", "tokenizer.json"]
    )
    for name, entry in manifest.files.items():
        content = (folder / name).read_bytes()
        assert (entry.size_bytes, entry.sha256) == (len(content), hashlib.sha256(content).hexdigest()), name


def test_sealed_folder_is_a_bundle(folder: Path, encoder: TinyEncoder) -> None:
    manifest = seal(folder, encoder.spec, (), PROVENANCE)
    opened = Bundle.open(folder)
    opened.verify()
    assert opened.manifest == manifest
    assert (manifest.schema, manifest.provenance) == (SCHEMA, PROVENANCE)


def test_change_after_the_seal_is_found(folder: Path, encoder: TinyEncoder) -> None:
    seal(folder, encoder.spec, (), PROVENANCE)
    content = bytearray((folder / CARD_NAME).read_bytes())
    content[10] ^= 1
    (folder / CARD_NAME).write_bytes(content)
    with pytest.raises(IntegrityError, match=r"README\.md"):
        Bundle.open(folder).verify()


def test_card_is_the_manifests(folder: Path, encoder: TinyEncoder) -> None:
    manifest = seal(folder, encoder.spec, (), PROVENANCE)
    assert (folder / CARD_NAME).read_text(encoding="utf-8") == model_card(manifest)


def test_sealing_again_gives_the_same_bytes(folder: Path, encoder: TinyEncoder) -> None:
    seal(folder, encoder.spec, (), PROVENANCE)
    first = (folder / MANIFEST_NAME).read_bytes()
    seal(folder, encoder.spec, (), PROVENANCE)
    assert (folder / MANIFEST_NAME).read_bytes() == first
    assert Manifest.from_json(first).to_json() == first


def test_file_entry_of_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    entry = file_entry(tmp_path / "empty")
    assert (entry.size_bytes, entry.sha256) == (0, hashlib.sha256().hexdigest())


def test_versions_are_those_that_run() -> None:
    versions = tool_versions()
    assert versions["claxon"] == claxon.__version__
    assert versions["python"] == platform.python_version()
    assert versions["numpy"] == np.__version__
    assert {"onnx", "tokenizers"} <= versions.keys()


def test_tools_that_are_not_installed_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("claxon_export.bundle.seal.TOOLS", ("numpy", "no-such-distribution"))
    assert list(tool_versions()) == ["python", "claxon", "numpy"]
