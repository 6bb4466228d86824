"""What all architectures have in common: names, operators, shapes, masks, pooling, and equality with the reference."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claxon.bundle.manifest import Feature
from claxon_export.checkpoint.checkpoint import Pooling, open_checkpoint
from claxon_export.errors import CheckpointError, UnsupportedArchitectureError
from claxon_export.graphs.architectures import ARCHITECTURES as WRITERS
from claxon_export.graphs.architectures import architecture, blocks
from claxon_export.graphs.architectures.blocks import FIRST, EncoderShape, LayerWeights, TokenStates
from claxon_export.graphs.outputs import write_features
from claxon_export.graphs.writer import GraphWriter
from tests.checkpoints import HEADS, INTERMEDIATE, LAYERS, WIDTH, write_checkpoint
from tests.encoder_graphs import (
    ARCHITECTURES,
    TOLERANCE,
    TinyEncoder,
    TokenBatch,
    assert_features_equal,
    encoder_of,
    random_batch,
    reference_features,
    run_graph,
    run_writer,
    torch_features,
    write_graph,
)

PADDED = (17, 3, 48, 1, 30)
UNPADDED = (9, 9, 9)
SHAPE = EncoderShape(
    layers=1,
    width=8,
    attention_heads=2,
    intermediate=12,
    vocab_size=20,
    positions=16,
    activation="gelu",
    layer_norm_epsilon=1e-12,
)


def layer_of_ones(**other: tuple[int, ...]) -> LayerWeights:
    """A layer's tensors in the shapes that ``SHAPE`` asks for, but for those in ``other``."""
    shapes: dict[str, tuple[int, ...]] = {
        "qkv_weight": (24, 8),
        "qkv_bias": (24,),
        "output_weight": (8, 8),
        "output_bias": (8,),
        "attention_norm_weight": (8,),
        "attention_norm_bias": (8,),
        "intermediate_weight": (12, 8),
        "intermediate_bias": (12,),
        "ffn_output_weight": (8, 12),
        "ffn_output_bias": (8,),
        "output_norm_weight": (8,),
        "output_norm_bias": (8,),
    }
    return LayerWeights(**{name: np.ones(shape, np.float32) for name, shape in (shapes | other).items()})


@pytest.mark.parametrize("lengths", [UNPADDED, PADDED], ids=["unpadded", "padded"])
def test_graph_equals_numpy_reference(encoder: TinyEncoder, lengths: tuple[int, ...]) -> None:
    batch = random_batch(encoder, lengths)
    assert_features_equal(run_graph(encoder, batch), reference_features(encoder.checkpoint, batch), TOLERANCE)


@pytest.mark.parametrize("lengths", [UNPADDED, PADDED], ids=["unpadded", "padded"])
def test_graph_equals_transformers(encoder: TinyEncoder, lengths: tuple[int, ...]) -> None:
    batch = random_batch(encoder, lengths, seed=1)
    assert_features_equal(run_graph(encoder, batch), torch_features(encoder.checkpoint, batch), TOLERANCE)


def test_texts_alone_equal_themselves_padded_in_a_batch(encoder: TinyEncoder) -> None:
    batch = random_batch(encoder, PADDED)
    together = run_graph(encoder, batch)
    for row in range(len(PADDED)):
        alone = run_graph(encoder, batch.row(row))
        assert_features_equal(alone, {name: values[row : row + 1] for name, values in together.items()}, TOLERANCE)


def test_ids_of_padding_make_no_difference(encoder: TinyEncoder) -> None:
    batch = random_batch(encoder, PADDED)
    padding = batch.attention_mask == 0
    other = TokenBatch(np.where(padding, 7, batch.input_ids), batch.attention_mask)
    for name, values in run_graph(encoder, batch).items():
        np.testing.assert_array_equal(values, run_graph(encoder, other)[name], err_msg=name)


def test_different_texts_have_different_features(encoder: TinyEncoder) -> None:
    features = run_graph(encoder, random_batch(encoder, (9, 9)))
    for name, values in features.items():
        assert np.abs(values[0] - values[1]).max() > 100 * TOLERANCE, name


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_is_written_for_float32_on_the_cpu_and_in_its_vocabulary_of_operators(
    name: str, encoders: dict[str, TinyEncoder]
) -> None:
    operators = {(node.domain, node.op_type) for node in encoders[name].graph.graph.node}
    microsoft = {operator for domain, operator in operators if domain}
    assert microsoft == {"Gelu", "MultiHeadAttention"}
    assert not {operator for _, operator in operators} & {"SkipLayerNormalization", "BiasGelu", "If", "Loop", "Scan"}


def test_inputs_and_outputs_are_pinned(encoder: TinyEncoder) -> None:
    graph = encoder.graph.graph
    assert {value.name: dimensions(value) for value in graph.input} == {
        "input_ids": ["batch", "tokens"],
        "attention_mask": ["batch", "tokens"],
    }
    assert {value.name: dimensions(value) for value in graph.output} == {
        "cls": ["batch", WIDTH],
        "mean": ["batch", WIDTH],
        "embedding": ["batch", WIDTH],
    }


def dimensions(value: Any) -> list[str | int]:
    """Names of dynamic dimensions, sizes of fixed ones."""
    return [size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim]


def test_one_session_takes_any_batch_and_length(encoder: TinyEncoder) -> None:
    session = encoder.session()
    for texts, tokens in ((1, 1), (5, 17), (2, 48), (3, 2)):
        batch = random_batch(encoder, (tokens,) * texts)
        for values in session.run(None, batch.feeds):
            assert values.shape == (texts, WIDTH)
            assert values.dtype == np.float32


def test_each_layer_is_four_linear_layers_and_the_first_packs_query_key_and_value(encoder: TinyEncoder) -> None:
    names = [node.name for node in encoder.nodes("Gemm") if not node.name.endswith(FIRST)]
    rest = ("attention.output", "ffn.intermediate", "ffn.output")
    assert names[:4] == [f"layer.0.{part}" for part in ("attention.qkv", *rest)]
    assert names[4:] == [f"layer.1.{part}" for part in ("attention.query", "attention.kv", *rest)]
    shapes = {tensor.name: tuple(tensor.dims) for tensor in encoder.graph.graph.initializer}
    assert shapes["layer.0.attention.qkv.weight"] == (WIDTH, 3 * WIDTH)
    assert shapes["layer.1.attention.query.weight"] == (WIDTH, WIDTH)
    assert shapes["layer.1.attention.kv.weight"] == (WIDTH, 2 * WIDTH)
    assert shapes["layer.1.ffn.intermediate.weight"] == (WIDTH, INTERMEDIATE)


def test_matrix_products_outside_the_layers_are_the_pooling_only(encoder: TinyEncoder) -> None:
    assert [node.name for node in encoder.nodes("MatMul")] == ["pooling.sum"]


def test_attention_is_one_fused_node_a_layer_with_one_bias_for_all(encoder: TinyEncoder) -> None:
    attention = [node for node in encoder.nodes("MultiHeadAttention") if not node.name.endswith(FIRST)]
    assert [node.name for node in attention] == [f"layer.{layer}.attention.context" for layer in range(LAYERS)]
    assert len({node.input[5] for node in attention}) == 1
    assert {attribute.i for node in attention for attribute in node.attribute} == {HEADS}


def test_every_node_has_a_readable_name_of_its_own(encoder: TinyEncoder) -> None:
    names = [node.name for node in encoder.graph.graph.node]
    assert len(set(names)) == len(names)
    assert all(name and name[0].isalpha() and "/" not in name for name in names)
    expected = {
        "embeddings.norm",
        "layer.1.attention.norm",
        "layer.1.ffn.activation",
        "layer.1.ffn.norm",
        "pooling.mean",
    }
    assert expected <= set(names)


def test_token_states_never_leave_the_graph(encoder: TinyEncoder) -> None:
    assert {value.name for value in encoder.graph.graph.output} == set(encoder.spec.features)


@pytest.mark.parametrize("pooling", [Pooling.MEAN, Pooling.CLS])
def test_embedding_is_the_chosen_pooling_at_unit_norm(pooling: Pooling, tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "checkpoint", "bert", sentence=False)
    encoder = write_graph(open_checkpoint(folder, pooling=pooling), tmp_path / "encoder")
    features = run_graph(encoder, random_batch(encoder, PADDED))
    pooled = features[Feature(pooling)]
    norms = np.linalg.norm(pooled, axis=1, keepdims=True)
    np.testing.assert_allclose(features[Feature.EMBEDDING], pooled / norms, rtol=0, atol=1e-6)
    assert np.abs(norms - 1).max() > 0.1


def test_classifier_has_no_embedding_because_nothing_says_how_it_is_pooled(tmp_path: Path) -> None:
    encoder = encoder_of(tmp_path, "distilbert", labels=("NEGATIVE", "POSITIVE"))
    assert list(run_graph(encoder, random_batch(encoder, (4, 2)))) == ["cls", "mean"]


@pytest.mark.parametrize("name", ["gelu", "gelu_new", "gelu_pytorch_tanh", "relu"])
def test_activation_equals_the_references(name: str, tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "checkpoint", "bert")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"hidden_act": name}))
    encoder = write_graph(open_checkpoint(folder), tmp_path / "encoder")
    batch = random_batch(encoder, PADDED)
    assert_features_equal(run_graph(encoder, batch), reference_features(encoder.checkpoint, batch), TOLERANCE)


def test_tanh_approximation_of_gelu_is_not_gelu() -> None:
    value = np.array([[2, 1, -1, -2]], np.int64)
    outputs = {}
    for name in ("gelu", "gelu_new"):
        writer = GraphWriter("activation")
        floats = writer.node("Cast", [writer.input("value", ["texts", 4])], "floats", to=1)
        activated = writer.activation(floats, blocks.activation(name), "activation")
        writer.output(activated, "activated", ["texts", 4])
        outputs[name] = run_writer(writer, {"value": value})["activated"]
    assert 1e-5 < np.abs(outputs["gelu"] - outputs["gelu_new"]).max() < 1e-3


def test_unknown_activation_lists_the_known() -> None:
    with pytest.raises(CheckpointError, match=r"'swish', expected one of gelu, gelu_new, gelu_pytorch_tanh, relu"):
        blocks.activation("swish")


def test_unit_norm_of_a_zero_vector_is_zero_and_not_nan() -> None:
    outputs = pooled_states(np.zeros((1, 2, 3), np.int64), np.ones((1, 2), np.int64))
    np.testing.assert_array_equal(outputs["embedding"], np.zeros((1, 3)))


def test_mean_leaves_padding_out() -> None:
    states = np.array([[[2, 4, 6], [4, 6, 8], [99, 99, 99]]], np.int64)
    outputs = pooled_states(states, np.array([[1, 1, 0]], np.int64))
    np.testing.assert_array_equal(outputs["mean"], [[3, 5, 7]])
    np.testing.assert_array_equal(outputs["cls"], [[2, 4, 6]])


def pooled_states(states: np.ndarray[Any, Any], mask: np.ndarray[Any, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """The pooling alone, on given token states."""
    width = states.shape[-1]
    writer = GraphWriter("pooling")
    hidden = writer.node("Cast", [writer.input("states", ["batch", "tokens", width])], "hidden", to=1)
    writer.input("attention_mask", ["batch", "tokens"])
    write_features(writer, TokenStates(hidden, "attention_mask"), width, "mean")
    return run_writer(writer, {"states": states, "attention_mask": mask})


@pytest.mark.parametrize(
    ("field", "shape"),
    [
        ("qkv_weight", (8, 24)),
        ("qkv_bias", (8,)),
        ("output_weight", (8, 12)),
        ("attention_norm_weight", (12,)),
        ("intermediate_weight", (8, 12)),
        ("intermediate_bias", (8,)),
        ("ffn_output_weight", (12, 8)),
        ("output_norm_bias", (8, 1)),
    ],
)
def test_layer_tensor_of_another_shape_is_named(field: str, shape: tuple[int, ...]) -> None:
    layer_of_ones().check(SHAPE, "layer.3")
    with pytest.raises(CheckpointError, match=rf"layer\.3: {field} has shape \({shape[0]}"):
        layer_of_ones(**{field: shape}).check(SHAPE, "layer.3")


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_weights_that_do_not_fit_the_config_are_refused(name: str, tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "checkpoint", name)
    config = json.loads((folder / "config.json").read_text())
    key = "hidden_dim" if name == "distilbert" else "intermediate_size"
    (folder / "config.json").write_text(json.dumps(config | {key: INTERMEDIATE + 1}))
    with pytest.raises(CheckpointError, match=r"layer\.0: intermediate_weight has shape"):
        write_graph(open_checkpoint(folder), tmp_path / "encoder")


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(CheckpointError, match="3 attention heads do not divide the width 8"):
        dataclasses.replace(SHAPE, attention_heads=3)


@pytest.mark.parametrize("value", [None, 0, -1, 2.0, "2", True])
def test_size_that_is_no_positive_integer_is_named(value: Any) -> None:
    with pytest.raises(CheckpointError, match=r"config\.json: num_hidden_layers is"):
        blocks.integer({"num_hidden_layers": value}, "num_hidden_layers")


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_missing_size_is_named(name: str) -> None:
    with pytest.raises(CheckpointError, match=r"is None, expected a positive integer"):
        WRITERS[name].sizes({})


def test_unknown_architecture_lists_the_native_ones_and_the_other_way() -> None:
    with pytest.raises(UnsupportedArchitectureError) as caught:
        architecture("longformer")
    message = str(caught.value)
    assert "'longformer'" in message
    assert ", ".join(WRITERS) in message
    assert "--exporter optimum" in message
    assert "claxon[optimum]" in message
