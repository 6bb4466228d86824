"""ELECTRA's and ALBERT's own: narrow embeddings, and ALBERT's weights that serve several layers."""

from __future__ import annotations

from pathlib import Path

import pytest

from claxon_export.checkpoint.checkpoint import Pooling, open_checkpoint
from claxon_export.errors import CheckpointError
from claxon_export.graphs.architectures import albert, electra
from claxon_export.graphs.writer import GraphWriter
from tests.families import write_family

CONFIG = {
    "hidden_size": 32,
    "num_attention_heads": 4,
    "num_hidden_layers": 6,
    "intermediate_size": 64,
    "vocab_size": 100,
    "max_position_embeddings": 64,
}


def test_epsilon_and_activation_are_transformers_defaults() -> None:
    assert (electra.sizes(CONFIG).activation, electra.sizes(CONFIG).layer_norm_epsilon) == ("gelu", 1e-12)
    assert (albert.sizes(CONFIG).activation, albert.sizes(CONFIG).layer_norm_epsilon) == ("gelu_new", 1e-12)


@pytest.mark.parametrize("name", ["electra", "albert"])
def test_embeddings_of_another_width_are_refused(name: str, tmp_path: Path) -> None:
    checkpoint = open_checkpoint(write_family(tmp_path, name), pooling=Pooling.MEAN)
    writers = {"electra": electra, "albert": albert}
    with pytest.raises(CheckpointError, match=r"word_embeddings\.weight has shape"):
        writers[name].write(GraphWriter("wrong"), {**checkpoint.config, "embedding_size": 23}, checkpoint.weights)
