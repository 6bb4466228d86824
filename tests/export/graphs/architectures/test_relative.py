"""Scores of distances: their buckets, and every length around the edges of those."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from claxon_export.checkpoint.checkpoint import Pooling, open_checkpoint
from claxon_export.graphs.architectures import relative
from claxon_export.parity import reference_deberta
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
    "num_hidden_layers": 2,
    "intermediate_size": 64,
    "vocab_size": 100,
    "max_position_embeddings": 512,
}
LONGEST = 512


@pytest.mark.parametrize("tokens", [1, 2, 8, 9, 10, 159, 160])
def test_every_length_equals_transformers(tokens: int, tmp_path: Path) -> None:
    folder = write_family(tmp_path / "source", "deberta-v2")
    encoder = write_graph(open_checkpoint(folder, pooling=Pooling.MEAN), tmp_path / "graph")
    batch = random_batch(encoder, (tokens,))
    assert_features_equal(run_graph(encoder, batch), torch_features(encoder.checkpoint, batch), TOLERANCE)


def test_no_pair_is_looked_up_by_itself(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(write_family(tmp_path / "source", "deberta-v2"), pooling=Pooling.MEAN)
    encoder = write_graph(checkpoint, tmp_path / "graph")
    assert not encoder.nodes("GatherElements")
    assert len(encoder.nodes("MultiHeadAttention")) == 2


@pytest.mark.parametrize("buckets", [16, 32, 256, -1])
def test_buckets_are_those_of_transformers_and_of_the_reference(buckets: int) -> None:
    torch = pytest.importorskip("torch")
    modeling = pytest.importorskip("transformers.models.deberta_v2.modeling_deberta_v2")
    config, span = CONFIG | {"position_buckets": buckets}, buckets if buckets > 0 else LONGEST
    states = torch.zeros(1, LONGEST, 1)
    expected = modeling.build_relative_position(states, states, bucket_size=buckets, max_position=LONGEST)[0].numpy()
    apart = np.arange(LONGEST)[:, None] - np.arange(LONGEST)
    np.testing.assert_array_equal(relative.bucket(apart, config), expected)
    rows = np.clip(expected + span, 0, 2 * span - 1)
    np.testing.assert_array_equal(reference_deberta.buckets(LONGEST, config, span), rows)
