"""RoBERTa's own: positions counted over what is not the padding token, and the names of its relatives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claxon_export.checkpoint.checkpoint import Pooling, open_checkpoint
from claxon_export.errors import CheckpointError
from claxon_export.graphs.architectures import ARCHITECTURES, roberta
from claxon_export.graphs.architectures.blocks import GraphInputs
from claxon_export.graphs.writer import GraphWriter
from tests.checkpoints import HEADS, INTERMEDIATE, LAYERS, WIDTH
from tests.encoder_graphs import (
    TOLERANCE,
    assert_features_equal,
    random_batch,
    run_graph,
    run_writer,
    torch_features,
    write_graph,
)
from tests.families import LABELS, write_family

CONFIG = {
    "hidden_size": 32,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "intermediate_size": 64,
    "vocab_size": 100,
    "max_position_embeddings": 514,
}


def test_the_table_holds_two_rows_more_than_tokens() -> None:
    shape = roberta.sizes(CONFIG)
    assert (shape.layers, shape.width, shape.attention_heads) == (LAYERS, WIDTH, HEADS)
    assert (shape.intermediate, shape.positions) == (INTERMEDIATE, 512)


@pytest.mark.parametrize(("padding", "positions"), [(0, 513), (1, 512), (5, 508)])
def test_rows_up_to_the_padding_tokens_hold_no_token(padding: int, positions: int) -> None:
    assert roberta.sizes(CONFIG | {"pad_token_id": padding}).positions == positions


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"pad_token_id": None}, "pad_token_id is None, expected an integer from 0 on"),
        ({"pad_token_id": -1}, "pad_token_id is -1, expected an integer from 0 on"),
        ({"pad_token_id": True}, "pad_token_id is True, expected an integer from 0 on"),
        ({"max_position_embeddings": 2}, "max_position_embeddings is 2, expected more than the 2 rows"),
        ({"position_embedding_type": "relative_key"}, "position_embedding_type is 'relative_key'"),
        ({"is_decoder": True}, "is_decoder is true, expected an encoder"),
    ],
)
def test_configs_without_a_graph_are_refused(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        roberta.sizes(CONFIG | setting)


def test_positions_are_those_of_transformers() -> None:
    torch = pytest.importorskip("torch")
    modeling = pytest.importorskip("transformers.models.roberta.modeling_roberta")
    ids = np.array([[0, 7, 1, 8, 2, 1, 1], [0, 1, 1, 9, 9, 9, 2]], np.int64)
    writer = GraphWriter("positions")
    inputs = GraphInputs(writer.input("input_ids", ["batch", "tokens"]), "", "", "")
    writer.output(writer.node("Cast", [roberta.position_ids(writer, inputs, 1)], "floats", to=1), "positions", [2, 7])
    expected = modeling.create_position_ids_from_input_ids(torch.from_numpy(ids), 1).numpy()
    np.testing.assert_array_equal(run_writer(writer, {"input_ids": ids})["positions"], expected)


@pytest.mark.parametrize("name", ["roberta", "xlm-roberta", "camembert"])
@pytest.mark.parametrize("labels", [(), LABELS], ids=["encoder", "classifier"])
@pytest.mark.parametrize("padding", [1, 4])
def test_relatives_equal_transformers(name: str, labels: tuple[str, ...], padding: int, tmp_path: Path) -> None:
    folder = write_family(tmp_path / "source", name, labels=labels, pad_token_id=padding)
    checkpoint = open_checkpoint(folder, pooling=None if labels else Pooling.MEAN)
    assert checkpoint.architecture in ARCHITECTURES
    assert checkpoint.labels == (labels or None)
    encoder = write_graph(checkpoint, tmp_path / "graph")
    batch = random_batch(encoder, (17, 155 - padding, 3))
    assert_features_equal(run_graph(encoder, batch), torch_features(checkpoint, batch), TOLERANCE)
