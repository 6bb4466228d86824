"""A graph of a bundle as a session: its files read, and what it takes and gives compared with the manifest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import Manifest
from claxon.engine.encoder_session import engine_files, read_engine_files, start_session
from claxon.engine.providers import CPU_PROVIDER, Device, EngineRequest
from claxon.engine.session import Session
from claxon.errors import BundleError, IntegrityError
from tests.bundles import reseal
from tests.graphs import encoder

WIDTHS = {"cls": 32, "mean": 32, "embedding": 32}
CPU = EngineRequest(Device.CPU, (CPU_PROVIDER,), threads=1)


def start(folder: Path) -> Session:
    bundle = Bundle.open(folder)
    variant = bundle.manifest.encoder.variants[0]
    return start_session(bundle, variant, read_engine_files(bundle, variant), CPU)


def test_the_session_of_a_bundle(tiny_bundle: Path) -> None:
    assert set(start(tiny_bundle).outputs) >= set(WIDTHS)


def test_the_files_of_a_session(tiny_bundle: Path) -> None:
    variant = Bundle.open(tiny_bundle).manifest.encoder.variants[0]
    assert engine_files(variant) == ("encoder.safetensors", "encoder.onnx")
    assert engine_files(replace(variant, weights=None)) == ("encoder.onnx",)


def test_changed_weights_are_not_read(copied_bundle: Path) -> None:
    path = copied_bundle / "encoder.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match=r"encoder\.safetensors"):
        start(copied_bundle)


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (encoder({"cls": 32, "mean": 32}), "gives cls, mean; the manifest says .* embedding"),
        (encoder(WIDTHS, inputs=("input_ids", "attention_mask", "token_type_ids")), "takes .* token_type_ids and"),
        (encoder(WIDTHS, inputs=("input_ids",)), "takes input_ids and"),
    ],
)
def test_a_graph_that_is_not_what_the_manifest_says(graph: bytes, message: str, copied_bundle: Path) -> None:
    (copied_bundle / "encoder.onnx").write_bytes(graph)
    reseal(copied_bundle, without_weights)
    with pytest.raises(BundleError, match=message):
        start(copied_bundle)


def without_weights(manifest: Manifest) -> Manifest:
    variants = (replace(manifest.encoder.variants[0], weights=None),)
    return replace(manifest, encoder=replace(manifest.encoder, variants=variants))


def test_a_table_of_other_rows_than_the_manifest_says(copied_bundle: Path) -> None:
    """Token ids were compared with the manifest's number: it must be that of the rows."""

    def rewrite(manifest: Manifest) -> Manifest:
        return replace(manifest, encoder=replace(manifest.encoder, vocab_size=manifest.encoder.vocab_size + 1))

    manifest = reseal(copied_bundle, rewrite)
    with pytest.raises(
        BundleError, match=rf"embeddings\.word has the shape .*, expected {manifest.encoder.vocab_size}"
    ):
        start(copied_bundle)
