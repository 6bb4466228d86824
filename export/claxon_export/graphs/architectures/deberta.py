"""DeBERTa-v2 and v3: weights -> the encoder graph. He et al. 2020, https://arxiv.org/abs/2006.03654

BERT's layers with positions inside attention: what a token's query says of the distance to a key, and what a key says
of the distance to a query, is added to their scores (``relative.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from claxon_export.errors import CheckpointError
from claxon_export.graphs.architectures import bert, blocks, relative
from claxon_export.graphs.architectures.base_model import BaseModel
from claxon_export.graphs.architectures.blocks import EncoderShape, GraphInputs, LayerWeights, TokenStates, integer
from claxon_export.graphs.architectures.relative import Distances
from claxon_export.graphs.writer import Array, Dense, GraphWriter, Norm

# What transformers takes where config.json has none.
EPSILON = 1e-7
CONVOLUTION_ACTIVATION = "tanh"


def sizes(config: Mapping[str, Any]) -> EncoderShape:
    """The sizes that config.json tells.

    Raises:
        CheckpointError: as ``bert.sizes``.
    """
    return bert.sizes({"layer_norm_eps": EPSILON, **config})


def write(writer: GraphWriter, config: Mapping[str, Any], tensors: Mapping[str, Array]) -> TokenStates:
    """Write the encoder's graph, from token ids to token states."""
    shape, model = sizes(config), BaseModel(tensors, "deberta.")
    inputs = blocks.graph_inputs(writer)
    embedded = hidden = _embeddings(writer, inputs, model, config, shape)
    distances = relative.distances(writer, inputs, config, shape)
    mask = blocks.mask_bias(writer, inputs)
    if distances is None:
        mask = blocks.square(writer, inputs, mask)
    for i in range(shape.layers):
        hidden = layer(writer, hidden, model, config, i, mask, distances, inputs, shape)
        if i == 0 and config.get("conv_kernel_size", 0) > 0:
            hidden = _convolved(writer, embedded, hidden, model, config, inputs, shape)
    hidden = blocks.unflatten(writer, hidden, inputs, shape.width, "hidden_states")
    return TokenStates(writer.widened(hidden), inputs.attention_mask)


def _embeddings(
    writer: GraphWriter, inputs: GraphInputs, model: BaseModel, config: Mapping[str, Any], shape: EncoderShape
) -> str:
    """Words, with what few checkpoints add to them, normalized. Shape: ``(batch * tokens, width)``."""
    narrow = integer({"embedding_size": shape.width, **config}, "embedding_size")
    words = model.table("embeddings.word_embeddings.weight", shape.vocab_size, narrow)
    if config.get("type_vocab_size", 0) > 0:
        words = words + model["embeddings.token_type_embeddings.weight"][0]
    if config.get("position_biased_input", True):
        positions = model.table("embeddings.position_embeddings.weight", shape.positions, narrow)
        hidden = blocks.embeddings(writer, inputs, words, positions)
    else:
        hidden = writer.lookup(words, inputs.input_ids, "embeddings.word", "embeddings.words")
    hidden = blocks.flatten(writer, hidden, narrow, "embeddings.flat")
    if narrow != shape.width:
        weight = model.table("embeddings.embed_proj.weight", shape.width, narrow)
        hidden = writer.linear(hidden, weight, np.zeros(shape.width, np.float32), "embeddings.projection")
    return writer.layer_norm(hidden, _norm(model, "embeddings.LayerNorm", "embeddings.norm", shape))


def layer(
    writer: GraphWriter,
    value: str,
    model: BaseModel,
    config: Mapping[str, Any],
    index: int,
    mask: str,
    distances: Distances | None,
    inputs: GraphInputs,
    shape: EncoderShape,
) -> str:
    """One layer. Shape: ``(batch * tokens, width)``."""
    source, name = f"encoder.layer.{index}", f"layer.{index}"
    weights = layer_weights(model, source, relative.kinds_root(config))
    weights.check(shape, name)
    parts = writer.projections(value, weights.qkv_weight, weights.qkv_bias, f"{name}.attention")
    query, key, keyed = (blocks.unflatten(writer, part, inputs, shape.width, f"{part}.batched") for part in parts)
    bias = mask
    if distances is not None:
        tables = relative.tables(model, source, distances, shape)
        scores = relative.bias(writer, query, key, tables, distances, shape, f"{name}.attention")
        bias = writer.node("Add", [scores, mask], f"{name}.attention.bias")
    context = writer.attention(query, key, keyed, bias, shape.attention_heads, f"{name}.attention.context")
    context = blocks.flatten(writer, context, shape.width, f"{name}.attention.context.flat")
    dense = Dense(f"{name}.attention.output", weights.output_weight, weights.output_bias)
    norm = _norm(model, f"{source}.attention.output.LayerNorm", f"{name}.attention.norm", shape)
    value = writer.residual(context, dense, value, norm)
    wide = Dense(f"{name}.ffn.intermediate", weights.intermediate_weight, weights.intermediate_bias)
    inner = writer.activated(value, wide, blocks.activation(shape.activation), f"{name}.ffn.activation")
    dense = Dense(f"{name}.ffn.output", weights.ffn_output_weight, weights.ffn_output_bias)
    return writer.residual(inner, dense, value, _norm(model, f"{source}.output.LayerNorm", f"{name}.ffn.norm", shape))


def layer_weights(model: BaseModel, name: str, root: float) -> LayerWeights:
    """The tensors of one layer, the query divided by what the kinds of scores ask for."""
    parts = [f"{name}.attention.self.{part}_proj" for part in ("query", "key", "value")]
    weights = LayerWeights(
        qkv_weight=blocks.stacked(model, [f"{part}.weight" for part in parts]),
        qkv_bias=blocks.stacked(model, [f"{part}.bias" for part in parts]),
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
    divisor = np.ones(len(weights.qkv_bias), np.float32)
    divisor[: len(divisor) // 3] = root
    return replace(weights, qkv_weight=weights.qkv_weight / divisor[:, None], qkv_bias=weights.qkv_bias / divisor)


def _convolved(
    writer: GraphWriter,
    embedded: str,
    value: str,
    model: BaseModel,
    config: Mapping[str, Any],
    inputs: GraphInputs,
    shape: EncoderShape,
) -> str:
    """What a convolution over the embeddings adds to the first layer's states, normalized."""
    size, name = integer(config, "conv_kernel_size"), "convolution"
    states = blocks.unflatten(writer, embedded, inputs, shape.width, f"{name}.batched")
    present = writer.narrowed(writer.node("Cast", [inputs.attention_mask], f"{name}.mask", to=1))
    present = writer.node("Unsqueeze", [present, writer.integers(2)], f"{name}.mask.column")
    states = writer.node("Mul", [states, present], f"{name}.masked")
    columns = writer.node("Transpose", [states], f"{name}.columns", perm=[0, 2, 1])
    weight, bias = model["encoder.conv.conv.weight"], model["encoder.conv.conv.bias"]
    filters = [columns, writer.weight(f"{name}.weight", weight), writer.weight(f"{name}.bias", bias)]
    pads, groups = [(size - 1) // 2] * 2, int(config.get("conv_groups", 1))
    rows = writer.node("Conv", filters, f"{name}.filtered", kernel_shape=[size], pads=pads, group=groups)
    rows = writer.node("Transpose", [rows], f"{name}.rows", perm=[0, 2, 1])
    rows = blocks.flatten(writer, rows, shape.width, f"{name}.flat")
    wanted = str(config.get("conv_act", CONVOLUTION_ACTIVATION))
    if wanted == "tanh":
        rows = writer.node("Tanh", [rows], f"{name}.activated")
    else:
        rows = writer.activation(rows, blocks.activation(wanted), f"{name}.activated")
    return writer.normed_sum(value, rows, _norm(model, "encoder.conv.LayerNorm", f"{name}.norm", shape))


def _norm(model: BaseModel, source: str, name: str, shape: EncoderShape) -> Norm:
    weight, bias = model[f"{source}.weight"], model[f"{source}.bias"]
    if weight.shape != (shape.width,) or bias.shape != (shape.width,):
        raise CheckpointError(f"{source} has shape {weight.shape}, config.json says {(shape.width,)}")
    return Norm(name, weight, bias, shape.layer_norm_epsilon)
