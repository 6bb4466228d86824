"""The last layer for the first token alone: the numbers of the whole graph, less of its work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

import claxon
import claxon_export
from claxon.bundle.bundle import Bundle
from claxon.bundle.graph_pruning import pruned
from claxon_export.graphs.architectures.blocks import FIRST
from tests.checkpoints import write_checkpoint
from tests.encoder_graphs import ARCHITECTURES
from tests.texts import TEXTS

PRECISIONS = ("fp32", "int8")


@pytest.fixture(scope="module", params=ARCHITECTURES)
def bundle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny bundle in three precisions, with token states."""
    folder = tmp_path_factory.mktemp("first")
    checkpoint = write_checkpoint(folder / "checkpoint", request.param)
    precisions, target = ["fp32", "int8", "fp16"], folder / "bundle"
    return claxon_export.export(checkpoint, target, precision=precisions, verify=False, token_states=True).path


@pytest.mark.processor
@pytest.mark.parametrize("precision", PRECISIONS)
def test_cls_is_bit_for_bit_what_the_whole_graph_gives(bundle: Path, precision: str) -> None:
    whole = claxon.Encoder.load(bundle, precision=precision, threads=1)
    part = claxon.Encoder.load(bundle, precision=precision, threads=1, features=["cls"])
    np.testing.assert_array_equal(part.encode(TEXTS, feature="cls"), whole.encode(TEXTS, feature="cls"))


@pytest.mark.processor
@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 1e-6), ("int8", 1e-6)])
def test_cls_is_the_first_token_state(bundle: Path, precision: str, tolerance: float) -> None:
    encoder = claxon.Encoder.load(bundle, precision=precision, threads=1)
    first = np.stack([states[0] for states in encoder.token_states(TEXTS)])
    np.testing.assert_allclose(encoder.encode(TEXTS, feature="cls"), first, rtol=0, atol=tolerance)


@pytest.mark.parametrize("precision", [*PRECISIONS, "fp16"])
def test_nothing_of_the_last_layer_is_left_for_other_tokens_but_keys_and_values(bundle: Path, precision: str) -> None:
    opened = Bundle.open(bundle)
    variant = next(v for v in opened.manifest.encoder.variants if v.precision == precision)
    part = pruned(opened.read(variant.graph).tobytes(), ["cls"])
    assert part is not None
    names = [node.name for node in onnx.load_from_string(part.content).graph.node]
    last = f"layer.{opened.manifest.encoder.layers - 1}."
    left = [name for name in names if name.startswith(last) and not name.endswith(FIRST)]
    assert left
    assert not [name for name in left if ".ffn." in name or ".output" in name or ".query" in name]


def test_weights_are_shared(bundle: Path) -> None:
    weights = Bundle.open(bundle).read("encoder.safetensors").tobytes()
    assert FIRST.encode() not in weights


def test_a_feature_that_was_not_named_loads_the_graph_again(bundle: Path) -> None:
    whole = claxon.Encoder.load(bundle, precision="fp32", threads=1)
    part = claxon.Encoder.load(bundle, precision="fp32", threads=1, features=["cls"])
    np.testing.assert_array_equal(part.encode(TEXTS, feature="mean"), whole.encode(TEXTS, feature="mean"))
    np.testing.assert_array_equal(part.encode(TEXTS, feature="cls"), whole.encode(TEXTS, feature="cls"))
    assert len(part.token_states(TEXTS)) == len(TEXTS)
