"""Bundles that tests make or change: a manifest to start from, and a folder whose manifest agrees with its files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from claxon.bundle.manifest import (
    MANIFEST_NAME,
    SCHEMA,
    Comparison,
    EncoderSpec,
    Feature,
    FileEntry,
    GraphVariant,
    HeadKind,
    HeadSpec,
    Manifest,
    Parity,
    Precision,
    Provenance,
    ScoreKind,
)


def sample_manifest() -> Manifest:
    """A manifest in which every class stands at least once, and every optional value is set."""
    parity = Parity("numpy 2", 64, "0" * 64, (Comparison("mean", 1e-6, 1.0, 0.9999, 1.0),))
    encoder = EncoderSpec(
        architecture="mpnet",
        layers=2,
        width=32,
        attention_heads=4,
        vocab_size=109,
        parameters=22880,
        inputs=("input_ids", "attention_mask"),
        features={Feature.MEAN: 32, Feature.EMBEDDING: 32},
        pooling=Feature.MEAN,
        default_feature=Feature.EMBEDDING,
        max_tokens=48,
        pad_id=1,
        prompt="query: ",
        token_states=False,
        variants=(GraphVariant(Precision.FP32, "encoder.onnx", "weights.safetensors", ("cpu",), ("avx2",), parity),),
    )
    heads = (
        HeadSpec("stars", HeadKind.LOGISTIC, Feature.MEAN, "heads/stars.onnx", (1, 2, 3), ScoreKind.PROBABILITY),
        HeadSpec(
            "topic",
            HeadKind.SIMILARITY,
            Feature.EMBEDDING,
            "heads/topic.onnx",
            ("book", "Φίλμ", "food"),
            ScoreKind.COSINE,
            temperature=0.05,
            parity=parity,
            details={"rows": 8, "note": "by hand", "accuracy": 0.5, "balanced": True},
        ),
    )
    names = ("encoder.onnx", "heads/stars.onnx", "heads/topic.onnx", "tokenizer.json", "weights.safetensors")
    files = {name: FileEntry(i, hashlib.sha256(name.encode()).hexdigest()) for i, name in enumerate(names)}
    provenance = Provenance("acme/model", "abc123", "native", {"config.json": "f" * 64}, {"claxon": "0.1.0"})
    return Manifest(SCHEMA, encoder, heads, files, provenance)


def file_entry(content: bytes) -> FileEntry:
    return FileEntry(len(content), hashlib.sha256(content).hexdigest())


def reseal(folder: Path, change: Callable[[Manifest], Manifest] = lambda manifest: manifest) -> Manifest:
    """Change a bundle's manifest, and list in it the files as they are now; what is in it then is what it says."""
    path = folder / MANIFEST_NAME
    changed = change(Manifest.from_json(path.read_bytes()))
    found = (file for file in folder.rglob("*") if file.is_file() and file != path)
    files = {file.relative_to(folder).as_posix(): file_entry(file.read_bytes()) for file in sorted(found)}
    manifest = replace(changed, files=files)
    path.write_bytes(manifest.to_json())
    return manifest
