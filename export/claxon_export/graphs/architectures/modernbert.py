"""ModernBERT: weights -> the encoder graph. Warner et al. 2024, https://arxiv.org/abs/2412.13663

Normalized before each part and not after it, with rotary positions, a gated feed-forward, and in two layers of three
attention to the neighborhood alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon_export.errors import CheckpointError
from claxon_export.graphs.architectures import blocks, window
from claxon_export.graphs.architectures.base_model import BaseModel
from claxon_export.graphs.architectures.blocks import EncoderShape, GraphInputs, TokenStates, integer
from claxon_export.graphs.architectures.window import Window
from claxon_export.graphs.writer import MICROSOFT, Array, GraphWriter, Norm

# What transformers takes where config.json has none.
EVERY, LOCAL_TOKENS = 3, 128
GLOBAL_BASE, LOCAL_BASE = 160_000.0, 10_000.0


@dataclass(frozen=True, slots=True)
class Attending:
    """How a kind of layers attends.

    Attributes:
        bias: Added to the scores.
        cosines, sines: Of each position's angles. Shape: ``(positions, width of a head / 2)``.
        window: What a layer sees; ``None``: the whole text.
    """

    bias: str
    cosines: str
    sines: str
    window: Window | None


def sizes(config: Mapping[str, Any]) -> EncoderShape:
    """The sizes that config.json tells.

    Raises:
        CheckpointError: heads of an odd width, or rotary positions that are scaled, for which this graph has no place.
    """
    if config.get("rope_scaling"):
        raise CheckpointError(f"config.json: rope_scaling is {config['rope_scaling']!r}, expected none")
    shape = EncoderShape(
        layers=integer(config, "num_hidden_layers"),
        width=integer(config, "hidden_size"),
        attention_heads=integer(config, "num_attention_heads"),
        intermediate=integer(config, "intermediate_size"),
        vocab_size=integer(config, "vocab_size"),
        positions=integer(config, "max_position_embeddings"),
        activation=str(config.get("hidden_activation", "gelu")),
        layer_norm_epsilon=float(config.get("norm_eps", 1e-5)),
    )
    if shape.width // shape.attention_heads % 2:
        raise CheckpointError(
            f"config.json: {shape.attention_heads} attention heads cut the width {shape.width} into odd parts, "
            "expected even ones, which rotary positions turn in pairs"
        )
    return shape


def write(writer: GraphWriter, config: Mapping[str, Any], tensors: Mapping[str, Array]) -> TokenStates:
    """Write the encoder's graph, from token ids to token states."""
    shape, model = sizes(config), BaseModel(tensors, "model.")
    inputs = blocks.graph_inputs(writer)
    words = model.table("embeddings.tok_embeddings.weight", shape.vocab_size, shape.width)
    hidden = writer.lookup(words, inputs.input_ids, "embeddings.word", "embeddings.words")
    hidden = blocks.flatten(writer, hidden, shape.width, "embeddings.flat")
    hidden = writer.layer_norm(hidden, norm(model, "embeddings.norm", "embeddings.norm", shape))
    kinds = _kinds(writer, inputs, config, shape)
    every = integer({"global_attn_every_n_layers": EVERY, **config}, "global_attn_every_n_layers")
    for i in range(shape.layers):
        attending = kinds["local" if i % every else "global"]
        hidden = layer(writer, hidden, model, i, attending, inputs, shape)
    hidden = writer.layer_norm(hidden, norm(model, "final_norm", "final.norm", shape))
    hidden = blocks.unflatten(writer, hidden, inputs, shape.width, "hidden_states")
    return TokenStates(writer.widened(hidden), inputs.attention_mask)


def layer(
    writer: GraphWriter,
    value: str,
    model: BaseModel,
    index: int,
    attending: Attending,
    inputs: GraphInputs,
    shape: EncoderShape,
) -> str:
    """One layer, normalized before its parts. Shape: ``(batch * tokens, width)``."""
    source, name = f"layers.{index}", f"layer.{index}"
    normed = value
    if index:  # the first layer's embeddings are normalized already
        normed = writer.layer_norm(value, norm(model, f"{source}.attn_norm", f"{name}.attention.norm", shape))
    context = _attention(writer, normed, model, index, attending, inputs, shape)
    weight, bias = linear(model, f"{source}.attn.Wo", (shape.width, shape.width))
    value = writer.node("Add", [value, writer.linear(context, weight, bias, f"{name}.attention.output")], f"{name}.sum")
    normed = writer.layer_norm(value, norm(model, f"{source}.mlp_norm", f"{name}.ffn.norm", shape))
    weight, bias = linear(model, f"{source}.mlp.Wi", (2 * shape.intermediate, shape.width))
    both = writer.linear(normed, weight, bias, f"{name}.ffn.intermediate")
    wide, gate = writer.split(both, [f"{name}.ffn.wide", f"{name}.ffn.gate"])
    wide = writer.activation(wide, blocks.activation(shape.activation), f"{name}.ffn.activation")
    gated = writer.node("Mul", [wide, gate], f"{name}.ffn.gated")
    weight, bias = linear(model, f"{source}.mlp.Wo", (shape.width, shape.intermediate))
    return writer.node("Add", [value, writer.linear(gated, weight, bias, f"{name}.ffn.gated_output")], f"{name}.states")


def _attention(
    writer: GraphWriter,
    value: str,
    model: BaseModel,
    index: int,
    attending: Attending,
    inputs: GraphInputs,
    shape: EncoderShape,
) -> str:
    name = f"layer.{index}.attention"
    weight, bias = linear(model, f"layers.{index}.attn.Wqkv", (3 * shape.width, shape.width))
    parts = writer.projections(value, weight, bias, name)
    query, key, keyed = (blocks.unflatten(writer, part, inputs, shape.width, f"{part}.batched") for part in parts)
    query, key = (_turned(writer, part, attending, shape) for part in (query, key))
    heads, window_ = shape.attention_heads, attending.window
    if window_ is None:
        context = writer.attention(query, key, keyed, attending.bias, heads, f"{name}.context")
    else:
        context = window.attention(writer, (query, key, keyed), attending.bias, window_, heads, f"{name}.context")
    return blocks.flatten(writer, context, shape.width, f"{name}.context.flat")


def _turned(writer: GraphWriter, value: str, attending: Attending, shape: EncoderShape) -> str:
    """Query or key, turned by its position's angles. Su et al. 2021, https://arxiv.org/abs/2104.09864"""
    inputs = [value, writer.integers(0), attending.cosines, attending.sines]
    heads = shape.attention_heads
    return writer.node("RotaryEmbedding", inputs, f"{value}.turned", domain=MICROSOFT, num_heads=heads)


def _kinds(
    writer: GraphWriter, inputs: GraphInputs, config: Mapping[str, Any], shape: EncoderShape
) -> dict[str, Attending]:
    mask = blocks.mask_bias(writer, inputs)
    reach = integer({"local_attention": LOCAL_TOKENS, **config}, "local_attention") // 2
    near = window.window(writer, inputs, reach, shape.width)
    everywhere = float(config.get("global_rope_theta", GLOBAL_BASE))
    stated = config.get("local_rope_theta", LOCAL_BASE)
    nearby = everywhere if stated is None else float(stated)
    biases = {"global": blocks.square(writer, inputs, mask), "local": window.bias(writer, mask, near)}
    kinds = {}
    for kind, base in (("global", everywhere), ("local", nearby)):
        angles = rotary_angles(shape.positions, shape.width // shape.attention_heads, base)
        cosines = writer.weight(f"rotary.{kind}.cosines", np.cos(angles))
        sines = writer.weight(f"rotary.{kind}.sines", np.sin(angles))
        kinds[kind] = Attending(biases[kind], cosines, sines, near if kind == "local" else None)
    return kinds


def rotary_angles(positions: int, width: int, base: float) -> Array:
    """By how much each pair of a head is turned at each position. float32. Shape: ``(positions, width / 2)``."""
    # In float32, as the source computes it: at position 8,000 that decides the third digit of an angle.
    exponents = np.arange(0, width, 2, dtype=np.float32) / np.float32(width)
    frequencies = (np.float32(1) / np.power(np.float32(base), exponents)).astype(np.float32)
    return np.asarray(np.arange(positions, dtype=np.float32)[:, None] * frequencies)


def norm(model: BaseModel, source: str, name: str, shape: EncoderShape) -> Norm:
    """A layer normalization, by its name in the checkpoint and in the graph; most have no bias."""
    weight = model[f"{source}.weight"]
    bias = model[f"{source}.bias"] if model.has(f"{source}.bias") else np.zeros_like(weight)
    if weight.shape != (shape.width,) or bias.shape != (shape.width,):
        raise CheckpointError(f"{source} has shape {weight.shape}, config.json says {(shape.width,)}")
    return Norm(name, weight, bias, shape.layer_norm_epsilon)


def linear(model: BaseModel, source: str, expected: tuple[int, int]) -> tuple[Array, Array]:
    """Weight and bias of a linear layer; most have no bias, and get one of zeros."""
    weight = model.table(f"{source}.weight", *expected)
    bias = model[f"{source}.bias"] if model.has(f"{source}.bias") else np.zeros(expected[0], np.float32)
    if bias.shape != expected[:1]:
        raise CheckpointError(f"{source}.bias has shape {bias.shape}, config.json says {expected[:1]}")
    return weight, bias
