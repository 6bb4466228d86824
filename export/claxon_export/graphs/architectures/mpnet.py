"""MPNet: weights -> the encoder graph. Song et al. 2020, https://arxiv.org/abs/2004.09297

Unlike BERT it has no token types, its positions begin after the padding row, and all layers share one bias that depends
on the distance between two tokens.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from claxon_export.graphs import positions
from claxon_export.graphs.architectures import blocks
from claxon_export.graphs.architectures.base_model import BaseModel
from claxon_export.graphs.architectures.blocks import EncoderShape, GraphInputs, LayerWeights, TokenStates, integer
from claxon_export.graphs.writer import Array, GraphWriter

# The source's embeddings fix the padding token, whatever config.json says, and begin behind its row.
PADDING_ID = 1
FIRST_POSITION = PADDING_ID + 1
MAX_DISTANCE = 128


def sizes(config: Mapping[str, Any]) -> EncoderShape:
    """The sizes that config.json tells."""
    return EncoderShape(
        layers=integer(config, "num_hidden_layers"),
        width=integer(config, "hidden_size"),
        attention_heads=integer(config, "num_attention_heads"),
        intermediate=integer(config, "intermediate_size"),
        vocab_size=integer(config, "vocab_size"),
        positions=integer(config, "max_position_embeddings") - FIRST_POSITION,
        activation=str(config.get("hidden_act", "gelu")),
        layer_norm_epsilon=float(config.get("layer_norm_eps", 1e-12)),
    )


def write(writer: GraphWriter, config: Mapping[str, Any], tensors: Mapping[str, Array]) -> TokenStates:
    """Write the encoder's graph, from token ids to token states."""
    shape, model = sizes(config), BaseModel(tensors, "mpnet.")
    inputs = blocks.graph_inputs(writer)
    words = model.table("embeddings.word_embeddings.weight", shape.vocab_size, shape.width)
    rows = shape.positions + FIRST_POSITION
    table = model.table("embeddings.position_embeddings.weight", rows, shape.width)
    hidden = positions.embeddings(writer, inputs, words, table, PADDING_ID)
    hidden = blocks.embedding_norm(writer, hidden, model, shape)
    bias = position_bias(writer, inputs, model["encoder.relative_attention_bias.weight"], shape.positions)
    bias = writer.node("Add", [bias, blocks.mask_bias(writer, inputs)], "attention_bias")
    layers = (layer_weights(model, f"encoder.layer.{i}") for i in range(shape.layers))
    return blocks.layers(writer, hidden, layers, bias, inputs, shape)


def position_bias(writer: GraphWriter, inputs: GraphInputs, buckets: Array, positions: int) -> str:
    """The bias between every two tokens, for all layers. Shape: ``(1, heads, tokens, tokens)``.

    The bucket of every possible distance is known now, so the graph only looks up a distance.

    Args:
        buckets: The checkpoint's bias of each bucket and head. Shape: ``(buckets, heads)``.
        positions: The longest text.
    """
    distances = np.arange(-(positions - 1), positions)
    by_distance = buckets[relative_bucket(distances, len(buckets))].T
    table = writer.weight("position_bias.by_distance", by_distance)
    index = writer.node("Range", [writer.integer(0), inputs.tokens, writer.integer(1)], "position_bias.index")
    row = writer.node("Unsqueeze", [index, writer.integers(0)], "position_bias.key")
    column = writer.node("Unsqueeze", [index, writer.integers(1)], "position_bias.query")
    distance = writer.node("Sub", [row, column], "position_bias.distance")
    offset = writer.node("Add", [distance, writer.integer(positions - 1)], "position_bias.offset")
    bias = writer.node("Gather", [table, offset], "position_bias.gathered", axis=1)
    return writer.node("Unsqueeze", [bias, writer.integers(0)], "position_bias")


def relative_bucket(distance: Array, n_buckets: int) -> Array:
    """The bucket of a distance, key minus query: exact when near, logarithmic when far, one half for each direction.

    T5's, Raffel et al. 2019, https://arxiv.org/abs/1910.10683, section 2.1.
    """
    half = n_buckets // 2
    exact = half // 2
    away = np.abs(distance)
    # In float32, as the source computes it: one ulp decides the bucket at its edges.
    logarithm = np.log(np.maximum(away, 1).astype(np.float32) / np.float32(exact))
    ratio = logarithm / np.float32(math.log(MAX_DISTANCE / exact))
    far = np.minimum(exact + (ratio * np.float32(half - exact)).astype(np.int64), half - 1)
    return np.where(distance > 0, half, 0) + np.where(away < exact, away, far)


def layer_weights(model: BaseModel, name: str) -> LayerWeights:
    """The tensors of one layer."""
    attention = [f"{name}.attention.attn.{part}" for part in "qkv"]
    return LayerWeights(
        qkv_weight=blocks.stacked(model, [f"{part}.weight" for part in attention]),
        qkv_bias=blocks.stacked(model, [f"{part}.bias" for part in attention]),
        output_weight=model[f"{name}.attention.attn.o.weight"],
        output_bias=model[f"{name}.attention.attn.o.bias"],
        attention_norm_weight=model[f"{name}.attention.LayerNorm.weight"],
        attention_norm_bias=model[f"{name}.attention.LayerNorm.bias"],
        intermediate_weight=model[f"{name}.intermediate.dense.weight"],
        intermediate_bias=model[f"{name}.intermediate.dense.bias"],
        ffn_output_weight=model[f"{name}.output.dense.weight"],
        ffn_output_bias=model[f"{name}.output.dense.bias"],
        output_norm_weight=model[f"{name}.output.LayerNorm.weight"],
        output_norm_bias=model[f"{name}.output.LayerNorm.bias"],
    )
