"""Positions from token ids, as RoBERTa's and MPNet's sources count them."""

from __future__ import annotations

import numpy as np
import pytest

from claxon_export.graphs.architectures.blocks import graph_inputs
from claxon_export.graphs.positions import embeddings, position_ids
from claxon_export.graphs.writer import GraphWriter
from tests.encoder_graphs import run_writer

IDS = np.array([[0, 7, 1, 9, 2], [0, 5, 2, 1, 1]], np.int64)
FEEDS = {"input_ids": IDS, "attention_mask": np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]], np.int64)}
RNG = np.random.default_rng(0)
WORDS, POSITIONS = RNG.normal(size=(12, 3)).astype(np.float32), RNG.normal(size=(9, 3)).astype(np.float32)


@pytest.mark.parametrize("padding", [1, 2])
def test_a_padding_token_inside_a_text_is_not_counted(padding: int) -> None:
    torch = pytest.importorskip("torch", reason="the expected side needs it")
    modeling = pytest.importorskip("transformers.models.mpnet.modeling_mpnet", reason="it is the expected side")
    expected = modeling.create_position_ids_from_input_ids(torch.from_numpy(IDS), padding).numpy()
    writer = GraphWriter("positions")
    inputs = graph_inputs(writer)
    rows = position_ids(writer, inputs, padding)
    writer.output(writer.node("Cast", [rows], "rows.float", to=1), "rows", ["batch", "tokens"])
    np.testing.assert_array_equal(run_writer(writer, FEEDS)["rows"], expected)


def test_words_and_positions_are_added() -> None:
    writer = GraphWriter("positions")
    writer.output(embeddings(writer, graph_inputs(writer), WORDS, POSITIONS, 1), "sum", ["batch", "tokens", 3])
    is_token = IDS != 1
    rows = np.cumsum(is_token, axis=1) * is_token + 1
    np.testing.assert_allclose(run_writer(writer, FEEDS)["sum"], WORDS[IDS] + POSITIONS[rows], rtol=0, atol=1e-6)
