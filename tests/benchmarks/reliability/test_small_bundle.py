from __future__ import annotations

from pathlib import Path

import claxon
from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import HeadKind


def test_every_kind_of_file_is_there(small_bundle: Path) -> None:
    manifest = Bundle.open(small_bundle).manifest
    assert [str(variant.precision) for variant in manifest.encoder.variants] == ["fp32", "int8"]
    assert [head.kind for head in manifest.heads] == [HeadKind.LOGISTIC, HeadKind.SIMILARITY]
    assert {Path(name).suffix for name in manifest.files} == {".onnx", ".safetensors", ".json", ".md"}
    assert sum(entry.size_bytes for entry in manifest.files.values()) < 1 << 20


def test_the_small_bundle_labels_texts(small_bundle: Path) -> None:
    found = claxon.load(small_bundle, threads=1).predict_all(["great book"])
    assert {*found} == {"sentiment", "topic"}
