"""ELECTRA's own: a projection only where widths differ, and GELU in the classifier."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from claxon_export.checkpoint.checkpoint import Pooling, open_checkpoint
from claxon_export.parity import reference
from claxon_export.parity.reference_model import gelu
from tests.checkpoints import WIDTH
from tests.encoder_graphs import (
    TOLERANCE,
    assert_features_equal,
    random_batch,
    run_graph,
    torch_features,
    write_graph,
)
from tests.families import write_family

CONFIG = {
    "hidden_size": 32,
    "num_attention_heads": 4,
    "num_hidden_layers": 6,
    "intermediate_size": 64,
    "vocab_size": 100,
    "max_position_embeddings": 64,
}


def test_equal_widths_need_no_projection(tmp_path: Path) -> None:
    folder = write_family(tmp_path / "source", "electra", embedding_size=WIDTH)
    encoder = write_graph(open_checkpoint(folder, pooling=Pooling.MEAN), tmp_path / "graph")
    assert "embeddings.projection" not in {node.name for node in encoder.nodes("Gemm")}
    batch = random_batch(encoder, (9, 4))
    assert_features_equal(run_graph(encoder, batch), torch_features(encoder.checkpoint, batch), TOLERANCE)


def test_electra_classifies_through_gelu() -> None:
    states = np.random.default_rng(0).normal(size=(2, 1, 4)).astype(np.float32)
    weights = {"classifier.dense.weight": np.eye(4), "classifier.dense.bias": np.zeros(4)}
    weights |= {"classifier.out_proj.weight": np.eye(4)[:2], "classifier.out_proj.bias": np.zeros(2)}
    scores = reference.classify("electra", {}, weights, states)
    expected = reference.softmax(gelu(states[:, 0])[:, :2])
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-6)
