"""MPNet's own: positions behind the padding row, and one bias by distance for all layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from claxon_export.checkpoint.checkpoint import open_checkpoint
from claxon_export.graphs.architectures import mpnet
from claxon_export.graphs.architectures.blocks import FIRST, GraphInputs
from claxon_export.graphs.architectures.mpnet import FIRST_POSITION, relative_bucket
from claxon_export.graphs.writer import GraphWriter
from claxon_export.parity import reference
from tests.checkpoints import HEADS, POSITIONS, write_checkpoint
from tests.encoder_graphs import (
    TOLERANCE,
    TinyEncoder,
    assert_features_equal,
    random_batch,
    reference_features,
    run_graph,
    run_writer,
    torch_features,
)

BUCKETS = 32
LONGEST = POSITIONS - FIRST_POSITION


def test_two_rows_of_the_position_table_belong_to_no_token(encoders: dict[str, TinyEncoder]) -> None:
    checkpoint = encoders["mpnet"].checkpoint
    assert mpnet.sizes(checkpoint.config).positions == LONGEST


@pytest.mark.parametrize("places", [(0,), (3,), (2, 3, 6)])
def test_a_padding_token_inside_a_text_has_no_position(
    encoders: dict[str, TinyEncoder], places: tuple[int, ...]
) -> None:
    encoder = encoders["mpnet"]
    batch = random_batch(encoder, (8, 5))
    batch.input_ids[0, list(places)] = mpnet.PADDING_ID
    result = run_graph(encoder, batch)
    assert_features_equal(result, reference_features(encoder.checkpoint, batch), TOLERANCE)
    assert_features_equal(result, torch_features(encoder.checkpoint, batch), TOLERANCE)


def test_longest_text_of_the_position_table_equals_the_reference(encoders: dict[str, TinyEncoder]) -> None:
    encoder = encoders["mpnet"]
    batch = random_batch(encoder, (LONGEST, 7))
    assert_features_equal(run_graph(encoder, batch), reference_features(encoder.checkpoint, batch), TOLERANCE)


def test_position_bias_is_computed_once_and_shared_by_all_layers(encoders: dict[str, TinyEncoder]) -> None:
    encoder = encoders["mpnet"]
    biases = {node.input[5] for node in encoder.nodes("MultiHeadAttention")}
    assert biases == {"attention_bias", f"attention_bias{FIRST}"}
    assert [node.name for node in encoder.nodes("Gather")].count("position_bias.gathered") == 1
    shapes = {tensor.name: tuple(tensor.dims) for tensor in encoder.graph.graph.initializer}
    assert shapes["position_bias.by_distance"] == (HEADS, 2 * LONGEST - 1)
    assert [name for name in shapes if "position_bias" in name] == ["position_bias.by_distance"]


def test_position_bias_is_the_checkpoints_bias_of_each_distances_bucket() -> None:
    tokens = 9
    buckets = np.random.default_rng(3).normal(size=(BUCKETS, HEADS)).astype(np.float32)
    writer = GraphWriter("bias")
    tokens_input = writer.input("tokens", [])
    inputs = GraphInputs("", "", "", tokens_input)
    bias = mpnet.position_bias(writer, inputs, buckets, LONGEST)
    writer.output(bias, "bias", [1, HEADS, "query", "key"])
    result = run_writer(writer, {"tokens": np.array(tokens, np.int64)})["bias"]
    expected = buckets[reference.relative_buckets(tokens)].transpose(2, 0, 1)[np.newaxis]
    np.testing.assert_array_equal(result, expected)


def test_bias_tells_the_word_before_from_the_word_after() -> None:
    before, after = relative_bucket(np.array([-1, 1]), BUCKETS)
    assert before != after


def test_buckets_equal_those_of_transformers_at_every_distance() -> None:
    torch = pytest.importorskip("torch")
    modeling = pytest.importorskip("transformers.models.mpnet.modeling_mpnet")
    distances = np.arange(-600, 601)
    expected = modeling.MPNetEncoder.relative_position_bucket(torch.from_numpy(distances), num_buckets=BUCKETS)
    np.testing.assert_array_equal(relative_bucket(distances, BUCKETS), expected.numpy())


def test_buckets_equal_those_of_the_reference() -> None:
    tokens = 514
    positions = np.arange(tokens)
    distances = positions[np.newaxis, :] - positions[:, np.newaxis]
    np.testing.assert_array_equal(relative_bucket(distances, BUCKETS), reference.relative_buckets(tokens))


def test_query_key_and_value_are_packed_in_this_order(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(write_checkpoint(tmp_path, "mpnet"))
    writer = GraphWriter("mpnet")
    mpnet.write(writer, checkpoint.config, checkpoint.weights)
    names = [f"encoder.layer.0.attention.attn.{part}.weight" for part in "qkv"]
    expected = np.concatenate([checkpoint.weights[name] for name in names]).T
    np.testing.assert_array_equal(writer.weights["layer.0.attention.qkv.weight"], expected)
