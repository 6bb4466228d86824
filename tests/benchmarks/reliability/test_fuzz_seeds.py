from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from claxon.bundle.manifest import MANIFEST_NAME, Manifest
from claxon.bundle.tokenizer_policy import COMPONENTS, MODELS
from claxon.text.tokenizer import Tokenizer
from reliability.fuzz_seeds import head_seeds, manifest_seeds, tokenizer_seeds
from reliability.sealing import sealed
from tests.encoder_graphs import session_of

# Precompiled needs a table that no small seed has.
NOT_AMONG_THEM = {"Precompiled", "Metaspace", "Replace", "Strip", "Sequence", "ByteLevel", "TemplateProcessing"}


def test_every_manifest_is_one(small_bundle: Path) -> None:
    raw = json.loads((small_bundle / MANIFEST_NAME).read_bytes())
    found = [Manifest.from_json(sealed(seed)) for seed in manifest_seeds(raw)]
    assert len({manifest.to_json() for manifest in found}) == len(found) > 4


def test_every_tokenizer_is_one_and_every_component_is_there(small_bundle: Path) -> None:
    seeds = tokenizer_seeds(json.loads((small_bundle / "tokenizer.json").read_bytes()))
    for seed in seeds:
        Tokenizer(json.dumps(seed).encode(), max_tokens=48, n_embeddings=109)
    assert {seed["model"]["type"] for seed in seeds} == {*MODELS}
    for slot, kinds in COMPONENTS.items():
        found = {seed[slot]["type"] for seed in seeds if seed[slot]}
        assert {*kinds} - NOT_AMONG_THEM <= found


def test_every_head_runs() -> None:
    for graph in head_seeds(32, 2):
        scores = session_of(graph).run(["scores"], {"features": np.zeros((3, 32), np.float32)})[0]
        assert scores.shape == (3, 2)
