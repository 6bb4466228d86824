"""DeBERTa's own: distances in buckets, what queries and keys say of them, and a convolution."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from claxon_export.checkpoint.checkpoint import Pooling, open_checkpoint
from claxon_export.errors import CheckpointError
from claxon_export.graphs.architectures import deberta
from claxon_export.graphs.writer import GraphWriter
from tests.encoder_graphs import (
    TOLERANCE,
    assert_features_equal,
    random_batch,
    reference_features,
    run_graph,
    torch_features,
    write_graph,
)
from tests.families import write_family

CONFIG = {
    "hidden_size": 32,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "intermediate_size": 64,
    "vocab_size": 100,
    "max_position_embeddings": 512,
}
LONGEST = 512


def test_epsilon_is_transformers_default() -> None:
    assert deberta.sizes(CONFIG).layer_norm_epsilon == 1e-7


@pytest.mark.parametrize(
    "settings",
    [
        {"pos_att_type": ["c2p"]},
        {"pos_att_type": "p2c"},
        {"pos_att_type": ["c2p", "p2c"], "share_att_key": False},
        {"position_buckets": -1, "max_relative_positions": 20, "norm_rel_ebd": "none"},
        {"position_buckets": -1},
        {"relative_attention": False, "position_biased_input": True},
        {"pos_att_type": None, "position_biased_input": True},
        {"embedding_size": 24, "type_vocab_size": 2, "position_biased_input": True},
        {"conv_kernel_size": 3, "conv_act": "gelu"},
        {"conv_kernel_size": 3, "conv_groups": 2},
    ],
    ids=str,
)
def test_settings_equal_transformers(settings: dict[str, Any], tmp_path: Path) -> None:
    folder = write_family(tmp_path / "source", "deberta-v2", **settings)
    encoder = write_graph(open_checkpoint(folder, pooling=Pooling.MEAN), tmp_path / "graph")
    batch = random_batch(encoder, (40, 3, 15))
    expected = torch_features(encoder.checkpoint, batch)
    assert_features_equal(run_graph(encoder, batch), expected, TOLERANCE)
    assert_features_equal(reference_features(encoder.checkpoint, batch), expected, TOLERANCE)


def test_tables_of_another_size_are_refused(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(write_family(tmp_path, "deberta-v2"), pooling=Pooling.MEAN)
    with pytest.raises(
        CheckpointError, match=r"rel_embeddings\.weight has shape \(32, 32\), config.json says \(34, 32\)"
    ):
        deberta.write(GraphWriter("wrong"), {**checkpoint.config, "position_buckets": 17}, checkpoint.weights)
