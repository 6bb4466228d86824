"""Turns a folder of finished files into a bundle: writes the model card and the manifest."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from claxon.bundle.manifest import MANIFEST_NAME, SCHEMA, EncoderSpec, FileEntry, HeadSpec, Manifest, Provenance
from claxon.version import __version__
from claxon_export.bundle.card import model_card

CARD_NAME = "README.md"
TOOLS = (
    "numpy",
    "onnx",
    "onnxruntime",
    "onnxruntime-gpu",
    "optimum-onnx",
    "scikit-learn",
    "skl2onnx",
    "tokenizers",
)


def seal(folder: Path, encoder: EncoderSpec, heads: tuple[HeadSpec, ...], provenance: Provenance) -> Manifest:
    """Write the card and the manifest of the files in ``folder``."""
    unlisted = Manifest(SCHEMA, encoder, heads, {}, provenance)
    (folder / CARD_NAME).write_text(model_card(unlisted), encoding="utf-8")
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST_NAME)
    listed = {path.relative_to(folder).as_posix(): file_entry(path) for path in paths}
    manifest = replace(unlisted, files=listed)
    (folder / MANIFEST_NAME).write_bytes(manifest.to_json())
    return manifest


def file_entry(path: Path) -> FileEntry:
    """Return size and SHA-256 of a file."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return FileEntry(path.stat().st_size, digest)


def tool_versions() -> dict[str, str]:
    """Return the versions of everything that affects the numbers."""
    versions = {"python": platform.python_version(), "claxon": __version__}
    for tool in TOOLS:
        try:
            versions[tool] = version(tool)
        except PackageNotFoundError:
            continue
    return versions
