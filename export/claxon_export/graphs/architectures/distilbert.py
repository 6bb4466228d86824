"""DistilBERT: weights -> the encoder graph. Sanh et al. 2019, https://arxiv.org/abs/1910.01108"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claxon_export.graphs.architectures import blocks
from claxon_export.graphs.architectures.base_model import BaseModel
from claxon_export.graphs.architectures.blocks import EncoderShape, LayerWeights, TokenStates, integer
from claxon_export.graphs.writer import Array, GraphWriter

LAYER_NORM_EPSILON = 1e-12  # fixed in the source's code, not in config.json


def sizes(config: Mapping[str, Any]) -> EncoderShape:
    """The sizes that config.json tells."""
    return EncoderShape(
        layers=integer(config, "n_layers"),
        width=integer(config, "dim"),
        attention_heads=integer(config, "n_heads"),
        intermediate=integer(config, "hidden_dim"),
        vocab_size=integer(config, "vocab_size"),
        positions=integer(config, "max_position_embeddings"),
        activation=str(config.get("activation", "gelu")),
        layer_norm_epsilon=LAYER_NORM_EPSILON,
    )


def write(writer: GraphWriter, config: Mapping[str, Any], tensors: Mapping[str, Array]) -> TokenStates:
    """Write the encoder's graph, from token ids to token states."""
    shape, model = sizes(config), BaseModel(tensors, "distilbert.")
    inputs = blocks.graph_inputs(writer)
    words = model.table("embeddings.word_embeddings.weight", shape.vocab_size, shape.width)
    positions = model.table("embeddings.position_embeddings.weight", shape.positions, shape.width)
    hidden = blocks.embeddings(writer, inputs, words, positions)
    hidden = blocks.embedding_norm(writer, hidden, model, shape)
    bias = blocks.square(writer, inputs, blocks.mask_bias(writer, inputs))
    layers = (layer_weights(model, f"transformer.layer.{i}") for i in range(shape.layers))
    return blocks.layers(writer, hidden, layers, bias, inputs, shape)


def layer_weights(model: BaseModel, name: str) -> LayerWeights:
    """The tensors of one layer."""
    attention = [f"{name}.attention.{part}_lin" for part in "qkv"]
    return LayerWeights(
        qkv_weight=blocks.stacked(model, [f"{part}.weight" for part in attention]),
        qkv_bias=blocks.stacked(model, [f"{part}.bias" for part in attention]),
        output_weight=model[f"{name}.attention.out_lin.weight"],
        output_bias=model[f"{name}.attention.out_lin.bias"],
        attention_norm_weight=model[f"{name}.sa_layer_norm.weight"],
        attention_norm_bias=model[f"{name}.sa_layer_norm.bias"],
        intermediate_weight=model[f"{name}.ffn.lin1.weight"],
        intermediate_bias=model[f"{name}.ffn.lin1.bias"],
        ffn_output_weight=model[f"{name}.ffn.lin2.weight"],
        ffn_output_bias=model[f"{name}.ffn.lin2.bias"],
        output_norm_weight=model[f"{name}.output_layer_norm.weight"],
        output_norm_bias=model[f"{name}.output_layer_norm.bias"],
    )
