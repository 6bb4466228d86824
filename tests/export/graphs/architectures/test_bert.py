"""BERT's own: token types, absolute positions, and the checkpoint's names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claxon_export.checkpoint.checkpoint import open_checkpoint
from claxon_export.errors import CheckpointError
from claxon_export.graphs.architectures import bert
from claxon_export.graphs.writer import GraphWriter
from tests.checkpoints import HEADS, INTERMEDIATE, LAYERS, POSITIONS, WIDTH, write_checkpoint
from tests.encoder_graphs import TOLERANCE, TinyEncoder, assert_features_equal, encoder_of, random_batch, run_graph

CONFIG = {
    "hidden_size": 32,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "intermediate_size": 64,
    "vocab_size": 100,
    "max_position_embeddings": 66,
}


def test_sizes_are_read_from_the_config() -> None:
    shape = bert.sizes(CONFIG | {"hidden_act": "relu", "layer_norm_eps": 1e-7})
    assert (shape.layers, shape.width, shape.attention_heads) == (LAYERS, WIDTH, HEADS)
    assert (shape.intermediate, shape.vocab_size, shape.positions) == (INTERMEDIATE, 100, POSITIONS)
    assert (shape.activation, shape.layer_norm_epsilon) == ("relu", 1e-7)


def test_defaults_are_those_of_transformers() -> None:
    shape = bert.sizes(CONFIG)
    assert (shape.activation, shape.layer_norm_epsilon) == ("gelu", 1e-12)


def test_layer_norm_epsilon_of_the_config_is_in_the_graph(encoders: dict[str, TinyEncoder]) -> None:
    epsilons = {
        attribute.f
        for node in encoders["bert"].nodes("LayerNormalization")
        for attribute in node.attribute
        if attribute.name == "epsilon"
    }
    assert epsilons == {np.float32(1e-5)}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"position_embedding_type": "relative_key"}, "position_embedding_type is 'relative_key', expected 'absolute'"),
        ({"is_decoder": True}, "is_decoder is true, expected an encoder"),
    ],
)
def test_variants_without_a_graph_are_refused(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        bert.sizes(CONFIG | setting)


def test_first_token_type_is_added_to_every_position(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(write_checkpoint(tmp_path, "bert"))
    writer = GraphWriter("bert")
    bert.write(writer, checkpoint.config, checkpoint.weights)
    positions = checkpoint.weights["embeddings.position_embeddings.weight"]
    first_type = checkpoint.weights["embeddings.token_type_embeddings.weight"][0]
    np.testing.assert_array_equal(writer.weights["embeddings.position"], positions + first_type)


def test_query_key_and_value_are_packed_in_this_order(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(write_checkpoint(tmp_path, "bert"))
    writer = GraphWriter("bert")
    bert.write(writer, checkpoint.config, checkpoint.weights)
    packed = writer.weights["layer.0.attention.qkv.weight"].T
    names = [f"encoder.layer.0.attention.self.{part}.weight" for part in ("query", "key", "value")]
    np.testing.assert_array_equal(packed, np.concatenate([checkpoint.weights[name] for name in names]))


def test_pooler_is_not_part_of_the_encoder(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(write_checkpoint(tmp_path, "bert"))
    writer = GraphWriter("bert")
    bert.write(writer, checkpoint.config, checkpoint.weights)
    assert "pooler.dense.weight" in checkpoint.weights
    assert not [name for name in writer.weights if "pooler" in name]


def test_classifiers_encoder_is_found_behind_the_models_name(tmp_path: Path) -> None:
    labelled = encoder_of(tmp_path / "labeled", "bert", labels=("a", "b", "c"))
    assert "bert.encoder.layer.0.output.dense.weight" in labelled.checkpoint.weights
    assert list(run_graph(labelled, random_batch(labelled, (5, 2)))) == ["cls", "mean"]


def test_longest_text_of_the_position_table_runs(encoders: dict[str, TinyEncoder]) -> None:
    encoder = encoders["bert"]
    batch = random_batch(encoder, (POSITIONS, 5))
    result = run_graph(encoder, batch)
    alone = run_graph(encoder, batch.row(1))
    assert_features_equal({name: values[1:] for name, values in result.items()}, alone, TOLERANCE)
