"""Attention to the neighborhood: every length around the edges of the blocks."""

from __future__ import annotations

from pathlib import Path

import pytest

from claxon_export.checkpoint.checkpoint import Pooling, open_checkpoint
from tests.encoder_graphs import TOLERANCE, assert_features_equal, random_batch, run_graph, torch_features, write_graph
from tests.families import write_family

CONFIG = {
    "hidden_size": 32,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "intermediate_size": 64,
    "vocab_size": 100,
    "max_position_embeddings": 8192,
}
TEXTS = ["great book", "", "awful service ! i hate it", "not so good " * 30]


@pytest.mark.parametrize("tokens", [1, 8, 9, 31, 32, 33, 39, 40, 41, 160])
def test_every_length_around_the_blocks_edges_equals_transformers(tokens: int, tmp_path: Path) -> None:
    folder = write_family(tmp_path / "source", "modernbert")
    encoder = write_graph(open_checkpoint(folder, pooling=Pooling.MEAN), tmp_path / "graph")
    batch = random_batch(encoder, (tokens, max(1, tokens // 2)))
    assert_features_equal(run_graph(encoder, batch), torch_features(encoder.checkpoint, batch), TOLERANCE)


def test_scores_of_local_layers_grow_with_the_window(tmp_path: Path) -> None:
    folder = write_family(tmp_path / "source", "modernbert")
    encoder = write_graph(open_checkpoint(folder, pooling=Pooling.MEAN), tmp_path / "graph")
    biases = [node.input[5] for node in encoder.nodes("MultiHeadAttention")]
    assert biases == ["mask.square", "window.bias", "window.bias", "mask.square"]
