"""DistilBERT's own: its names, no token types, an epsilon that no file names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from claxon_export.checkpoint.checkpoint import open_checkpoint
from claxon_export.errors import CheckpointError
from claxon_export.graphs.architectures import distilbert
from claxon_export.graphs.writer import GraphWriter
from tests.checkpoints import HEADS, INTERMEDIATE, LAYERS, POSITIONS, WIDTH, write_checkpoint
from tests.encoder_graphs import (
    TOLERANCE,
    TinyEncoder,
    assert_features_equal,
    encoder_of,
    random_batch,
    reference_features,
    run_graph,
)

CONFIG = {
    "dim": 32,
    "n_heads": 4,
    "n_layers": 2,
    "hidden_dim": 64,
    "vocab_size": 100,
    "max_position_embeddings": 66,
}


def test_sizes_are_read_by_distilberts_own_names() -> None:
    shape = distilbert.sizes(CONFIG | {"activation": "relu"})
    assert (shape.layers, shape.width, shape.attention_heads) == (LAYERS, WIDTH, HEADS)
    assert (shape.intermediate, shape.vocab_size, shape.positions) == (INTERMEDIATE, 100, POSITIONS)
    assert shape.activation == "relu"


def test_berts_names_are_not_read() -> None:
    with pytest.raises(CheckpointError, match="n_layers is None"):
        distilbert.sizes({"hidden_size": 32, "num_hidden_layers": 2})


def test_epsilon_is_the_codes_whatever_the_config_says(encoders: dict[str, TinyEncoder]) -> None:
    assert distilbert.sizes(CONFIG | {"layer_norm_eps": 1e-3}).layer_norm_epsilon == 1e-12
    epsilons = {
        attribute.f
        for node in encoders["distilbert"].nodes("LayerNormalization")
        for attribute in node.attribute
        if attribute.name == "epsilon"
    }
    assert epsilons == {np.float32(1e-12)}


def test_query_key_and_value_are_packed_in_this_order(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(write_checkpoint(tmp_path, "distilbert"))
    writer = GraphWriter("distilbert")
    distilbert.write(writer, checkpoint.config, checkpoint.weights)
    names = [f"transformer.layer.0.attention.{part}_lin.bias" for part in "qkv"]
    expected = np.concatenate([checkpoint.weights[name] for name in names])
    np.testing.assert_array_equal(writer.weights["layer.0.attention.qkv.bias"], expected)


def test_positions_are_the_table_as_it_is(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(write_checkpoint(tmp_path, "distilbert"))
    writer = GraphWriter("distilbert")
    distilbert.write(writer, checkpoint.config, checkpoint.weights)
    expected = checkpoint.weights["embeddings.position_embeddings.weight"]
    np.testing.assert_array_equal(writer.weights["embeddings.position"], expected)


def test_classifiers_encoder_is_found_behind_the_models_name(tmp_path: Path) -> None:
    encoder = encoder_of(tmp_path, "distilbert", labels=("NEGATIVE", "POSITIVE"))
    assert "distilbert.transformer.layer.0.ffn.lin1.weight" in encoder.checkpoint.weights
    batch = random_batch(encoder, (11, 4))
    assert_features_equal(run_graph(encoder, batch), reference_features(encoder.checkpoint, batch), TOLERANCE)
