"""ALBERT's own: weights that serve several layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from claxon_export.checkpoint.checkpoint import Pooling, open_checkpoint
from claxon_export.errors import CheckpointError
from claxon_export.graphs.architectures import albert
from claxon_export.graphs.writer import GraphWriter
from claxon_export.pipeline import export
from tests.checkpoints import INTERMEDIATE, WIDTH
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
    "num_hidden_layers": 6,
    "intermediate_size": 64,
    "vocab_size": 100,
    "max_position_embeddings": 64,
}


@pytest.mark.parametrize("settings", [{"num_hidden_groups": 2}, {"inner_group_num": 2}, {"num_hidden_groups": 3}])
def test_groups_and_inner_layers_equal_transformers(settings: dict[str, Any], tmp_path: Path) -> None:
    folder = write_family(tmp_path / "source", "albert", num_hidden_layers=3, **{"num_hidden_groups": 1} | settings)
    encoder = write_graph(open_checkpoint(folder, pooling=Pooling.MEAN), tmp_path / "graph")
    batch = random_batch(encoder, (17, 3, 30))
    expected = torch_features(encoder.checkpoint, batch)
    assert_features_equal(run_graph(encoder, batch), expected, TOLERANCE)
    assert_features_equal(reference_features(encoder.checkpoint, batch), expected, TOLERANCE)


def test_each_group_serves_neighbors() -> None:
    names = albert.layer_names(CONFIG | {"num_hidden_groups": 2, "inner_group_num": 2})
    group = "encoder.albert_layer_groups.{}.albert_layers.{}"
    assert names == [group.format(i, j) for i in (0, 0, 0, 1, 1, 1) for j in (0, 1)]


def test_weights_of_repeated_layers_are_stored_once(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(write_family(tmp_path, "albert"), pooling=Pooling.MEAN)
    writer = GraphWriter("albert")
    albert.write(writer, checkpoint.config, checkpoint.weights)
    matrices = {name: array.shape for name, array in writer.weights.items() if array.ndim == 2}
    assert {name for name in matrices if name.startswith("layer")} == {
        f"layer.0.{part}.weight" for part in ("attention.qkv", "attention.output", "ffn.intermediate", "ffn.output")
    }
    assert matrices["layer.0.ffn.output.weight"] == (INTERMEDIATE, WIDTH)


def test_int8_stores_repeated_layers_once(tmp_path: Path) -> None:
    folder = write_family(tmp_path / "source", "albert", num_hidden_layers=6)
    bundle = export(folder, tmp_path / "out", precision="int8", pooling="mean")
    linear = 4 * WIDTH * WIDTH + 2 * WIDTH * INTERMEDIATE
    small = 2 * 200 * 24 + 4 * 160 * 24 + 24 * WIDTH
    assert (bundle.path / "encoder.int8.safetensors").stat().st_size < 2 * linear + small + 30_000


def test_more_groups_than_layers_are_refused() -> None:
    with pytest.raises(CheckpointError, match="num_hidden_groups is 7, expected at most num_hidden_layers, 6"):
        albert.sizes(CONFIG | {"num_hidden_groups": 7})
