"""BERT, and so MiniLM, bge, e5: weights -> the encoder graph. Devlin et al. 2018, https://arxiv.org/abs/1810.04805"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claxon_export.errors import CheckpointError
from claxon_export.graphs.architectures import blocks
from claxon_export.graphs.architectures.base_model import BaseModel
from claxon_export.graphs.architectures.blocks import EncoderShape, LayerWeights, TokenStates, integer
from claxon_export.graphs.writer import Array, GraphWriter


def sizes(config: Mapping[str, Any]) -> EncoderShape:
    """The sizes that config.json tells.

    Raises:
        CheckpointError: relative positions or a decoder, for which this graph has no place.
    """
    if config.get("is_decoder"):
        raise CheckpointError("config.json: is_decoder is true, expected an encoder, which sees the whole text")
    positions = config.get("position_embedding_type") or "absolute"
    if positions != "absolute":
        raise CheckpointError(f"config.json: position_embedding_type is {positions!r}, expected 'absolute'")
    return EncoderShape(
        layers=integer(config, "num_hidden_layers"),
        width=integer(config, "hidden_size"),
        attention_heads=integer(config, "num_attention_heads"),
        intermediate=integer(config, "intermediate_size"),
        vocab_size=integer(config, "vocab_size"),
        positions=integer(config, "max_position_embeddings"),
        activation=str(config.get("hidden_act", "gelu")),
        layer_norm_epsilon=float(config.get("layer_norm_eps", 1e-12)),
    )


def write(writer: GraphWriter, config: Mapping[str, Any], tensors: Mapping[str, Array]) -> TokenStates:
    """Write the encoder's graph, from token ids to token states."""
    shape, model = sizes(config), BaseModel(tensors, "bert.")
    inputs = blocks.graph_inputs(writer)
    words = model.table("embeddings.word_embeddings.weight", shape.vocab_size, shape.width)
    positions = model.table("embeddings.position_embeddings.weight", shape.positions, shape.width)
    # One text has one token type, so its row is a constant; it goes into the positions.
    types = model["embeddings.token_type_embeddings.weight"]
    hidden = typed(writer, blocks.embeddings(writer, inputs, words, positions + types[0]), types)
    hidden = blocks.embedding_norm(writer, hidden, model, shape)
    bias = blocks.square(writer, inputs, blocks.mask_bias(writer, inputs))
    layers = (layer_weights(model, f"encoder.layer.{i}") for i in range(shape.layers))
    return blocks.layers(writer, hidden, layers, bias, inputs, shape)


def typed(writer: GraphWriter, value: str, types: Array) -> str:
    """Add what tells a pair's second text from its first, where the graph takes token types.

    Args:
        value: Embeddings that have the first type's row already. Shape: ``(batch, tokens, width)``.
        types: A row for each type. Shape: ``(types, width)``.
    """
    if not writer.takes_token_types or len(types) < 2:
        return value
    ids = writer.input("token_type_ids", ["batch", "tokens"])
    rows = writer.node("Gather", [writer.weight("embeddings.type", types - types[0]), ids], "embeddings.types", axis=0)
    return writer.node("Add", [value, rows], "embeddings.typed")


def layer_weights(model: BaseModel, name: str) -> LayerWeights:
    """The tensors of one layer."""
    attention = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
    return LayerWeights(
        qkv_weight=blocks.stacked(model, [f"{part}.weight" for part in attention]),
        qkv_bias=blocks.stacked(model, [f"{part}.bias" for part in attention]),
        output_weight=model[f"{name}.attention.output.dense.weight"],
        output_bias=model[f"{name}.attention.output.dense.bias"],
        attention_norm_weight=model[f"{name}.attention.output.LayerNorm.weight"],
        attention_norm_bias=model[f"{name}.attention.output.LayerNorm.bias"],
        intermediate_weight=model[f"{name}.intermediate.dense.weight"],
        intermediate_bias=model[f"{name}.intermediate.dense.bias"],
        ffn_output_weight=model[f"{name}.output.dense.weight"],
        ffn_output_bias=model[f"{name}.output.dense.bias"],
        output_norm_weight=model[f"{name}.output.LayerNorm.weight"],
        output_norm_bias=model[f"{name}.output.LayerNorm.bias"],
    )
