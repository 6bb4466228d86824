"""ALBERT: weights -> the encoder graph. Lan et al. 2019, https://arxiv.org/abs/1909.11942

BERT's layers, but one set of weights for many of them, behind embeddings that are narrower than they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from claxon_export.errors import CheckpointError
from claxon_export.graphs.architectures import bert, blocks, factorized
from claxon_export.graphs.architectures.base_model import BaseModel
from claxon_export.graphs.architectures.blocks import EncoderShape, LayerWeights, TokenStates, integer
from claxon_export.graphs.writer import Array, GraphWriter

# What transformers takes where config.json has none.
ACTIVATION = "gelu_new"


def sizes(config: Mapping[str, Any]) -> EncoderShape:
    """The sizes that config.json tells; ``layers`` counts calls, not sets of weights.

    Raises:
        CheckpointError: as ``bert.sizes``, and where the layers cannot be dealt out to the groups.
    """
    shape, groups = bert.sizes({"hidden_act": ACTIVATION, **config}), _groups(config)
    if groups > shape.layers:
        raise CheckpointError(
            f"config.json: num_hidden_groups is {groups}, expected at most num_hidden_layers, {shape.layers}"
        )
    return replace(shape, layers=shape.layers * _inner(config))


def write(writer: GraphWriter, config: Mapping[str, Any], tensors: Mapping[str, Array]) -> TokenStates:
    """Write the encoder's graph, from token ids to token states."""
    shape, model = sizes(config), BaseModel(tensors, "albert.")
    inputs = blocks.graph_inputs(writer)
    hidden = factorized.embeddings(writer, inputs, model, config, shape)
    hidden = factorized.widened(writer, hidden, model, "encoder.embedding_hidden_mapping_in", config, shape)
    bias = blocks.square(writer, inputs, blocks.mask_bias(writer, inputs))
    return blocks.layers(writer, hidden, _calls(writer, config, model), bias, inputs, shape)


def _calls(writer: GraphWriter, config: Mapping[str, Any], model: BaseModel) -> Iterator[LayerWeights]:
    """The weights of each call in turn; those of a repeated one are written once."""
    first: dict[str, str] = {}
    for call, name in enumerate(layer_names(config)):
        writer.share(f"layer.{call}.", first.setdefault(name, f"layer.{call}."))
        yield layer_weights(model, name)


def layer_names(config: Mapping[str, Any]) -> list[str]:
    """The set of weights of every call: each group serves as many neighbors, its inner layers one after the other."""
    calls, groups = integer(config, "num_hidden_layers"), _groups(config)
    return [
        f"encoder.albert_layer_groups.{call * groups // calls}.albert_layers.{inner}"
        for call in range(calls)
        for inner in range(_inner(config))
    ]


def layer_weights(model: BaseModel, name: str) -> LayerWeights:
    """One set of weights."""
    attention = [f"{name}.attention.{part}" for part in ("query", "key", "value")]
    return LayerWeights(
        qkv_weight=blocks.stacked(model, [f"{part}.weight" for part in attention]),
        qkv_bias=blocks.stacked(model, [f"{part}.bias" for part in attention]),
        output_weight=model[f"{name}.attention.dense.weight"],
        output_bias=model[f"{name}.attention.dense.bias"],
        attention_norm_weight=model[f"{name}.attention.LayerNorm.weight"],
        attention_norm_bias=model[f"{name}.attention.LayerNorm.bias"],
        intermediate_weight=model[f"{name}.ffn.weight"],
        intermediate_bias=model[f"{name}.ffn.bias"],
        ffn_output_weight=model[f"{name}.ffn_output.weight"],
        ffn_output_bias=model[f"{name}.ffn_output.bias"],
        output_norm_weight=model[f"{name}.full_layer_layer_norm.weight"],
        output_norm_bias=model[f"{name}.full_layer_layer_norm.bias"],
    )


def _groups(config: Mapping[str, Any]) -> int:
    return integer({"num_hidden_groups": 1, **config}, "num_hidden_groups")


def _inner(config: Mapping[str, Any]) -> int:
    return integer({"inner_group_num": 1, **config}, "inner_group_num")
