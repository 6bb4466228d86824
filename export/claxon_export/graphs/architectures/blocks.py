"""What the architectures have in common: inputs, attention mask, transformer layers, pooling.

Between the embeddings and the pooling, hidden states are kept as ``(batch * tokens, width)``: so every linear layer is
one Gemm with its bias inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from claxon_export.errors import CheckpointError
from claxon_export.graphs.architectures.base_model import BaseModel
from claxon_export.graphs.writer import Activation, Array, Dense, GraphWriter, Norm

# Added to the attention scores of padding: e**-10000 is 0 in float32, as with the source's own large number.
# float16 holds it too.
MASKED = -10_000.0
# Ends the names of what is computed for the first tokens alone.
FIRST = ".first"
# By their names in config.json.
ACTIVATIONS: Mapping[str, Activation] = {
    "gelu": Activation.GELU,
    "gelu_new": Activation.GELU_TANH,
    "gelu_pytorch_tanh": Activation.GELU_TANH,
    "relu": Activation.RELU,
}


@dataclass(frozen=True, slots=True)
class EncoderShape:
    """The sizes of an encoder, the same words for every architecture."""

    layers: int
    width: int
    attention_heads: int
    intermediate: int
    vocab_size: int
    positions: int
    activation: str
    layer_norm_epsilon: float

    def __post_init__(self) -> None:
        """Refuse what no tensor can be cut into.

        Raises:
            CheckpointError: the heads do not divide the width.
        """
        if self.width % self.attention_heads:
            raise CheckpointError(
                f"config.json: {self.attention_heads} attention heads do not divide the width {self.width}"
            )


@dataclass(frozen=True, slots=True)
class LayerWeights:
    """One transformer layer's tensors; every matrix as PyTorch stores it, ``(out, in)``."""

    qkv_weight: Array
    qkv_bias: Array
    output_weight: Array
    output_bias: Array
    attention_norm_weight: Array
    attention_norm_bias: Array
    intermediate_weight: Array
    intermediate_bias: Array
    ffn_output_weight: Array
    ffn_output_bias: Array
    output_norm_weight: Array
    output_norm_bias: Array

    def check(self, shape: EncoderShape, name: str) -> None:
        """Raise unless every tensor has the shape that the sizes ask for.

        Raises:
            CheckpointError: one has another; config.json and the weights do not belong together.
        """
        width, wide = shape.width, shape.intermediate
        matrices = {"qkv": (3 * width, width), "intermediate": (wide, width), "ffn_output": (width, wide)}
        for field in fields(self):
            part, _, kind = field.name.rpartition("_")
            expected: tuple[int, ...] = matrices.get(part, (width, width))
            if kind == "bias" or part.endswith("norm"):
                expected = expected[:1]
            result = getattr(self, field.name).shape
            if result != expected:
                raise CheckpointError(
                    f"{name}: {field.name} has shape {result}, config.json says {expected}; "
                    "are they of the same checkpoint?"
                )


@dataclass(frozen=True, slots=True)
class GraphInputs:
    """Values that every part of the graph reads.

    Attributes:
        tokens: Number of tokens, an int64 scalar.
        shape: Batch and tokens, an int64 tensor of shape ``(2,)``.
    """

    input_ids: str
    attention_mask: str
    shape: str
    tokens: str


def graph_inputs(writer: GraphWriter) -> GraphInputs:
    """``input_ids`` and ``attention_mask``, int64 of shape ``(batch, tokens)``."""
    input_ids = writer.input("input_ids", ["batch", "tokens"])
    mask = writer.input("attention_mask", ["batch", "tokens"])
    shape = writer.node("Shape", [input_ids], "shape")
    tokens = writer.node("Gather", [shape, writer.integer(1)], "tokens", axis=0)
    return GraphInputs(input_ids, mask, shape, tokens)


@dataclass(frozen=True, slots=True)
class TokenStates:
    """What an architecture writes.

    Attributes:
        value: The last hidden states. Shape: ``(batch, tokens, width)``.
        attention_mask: Their mask. Shape: ``(batch, tokens)``.
        first: Those of the first tokens, if they are computed apart, so that a graph that gives only them need not
            compute the others. Shape: ``(batch, width)``.
    """

    value: str
    attention_mask: str
    first: str | None = None


def embeddings(writer: GraphWriter, inputs: GraphInputs, words: Array, positions: Array) -> str:
    """Word rows plus position rows. Shape: ``(batch, tokens, width)``.

    Args:
        words: Shape: ``(vocabulary, width)``.
        positions: Row ``i`` belongs to token ``i``. Shape: ``(positions, width)``.
    """
    word = writer.lookup(words, inputs.input_ids, "embeddings.word", "embeddings.words")
    end = writer.node("Unsqueeze", [inputs.tokens, writer.integers(0)], "embeddings.end")
    bounds = [writer.weight("embeddings.position", positions), writer.integers(0), end, writer.integers(0)]
    return writer.node("Add", [word, writer.node("Slice", bounds, "embeddings.positions")], "embeddings.sum")


def embedding_norm(writer: GraphWriter, value: str, model: BaseModel, shape: EncoderShape) -> str:
    """Normalize the embeddings. ``(batch, tokens, width)`` to ``(batch * tokens, width)``."""
    weight, bias = model["embeddings.LayerNorm.weight"], model["embeddings.LayerNorm.bias"]
    value = flatten(writer, value, shape.width, "embeddings.flat")
    return writer.layer_norm(value, _norm("embeddings.norm", weight, bias, shape))


def mask_bias(writer: GraphWriter, inputs: GraphInputs) -> str:
    """0 for a token and a large negative number for padding. Shape: ``(batch, 1, 1, tokens)``, as the states' type."""
    mask = writer.node("Cast", [inputs.attention_mask], "mask", to=1)
    padding = writer.node("Sub", [writer.scalar(1.0), mask], "mask.padding")
    bias = writer.node("Mul", [padding, writer.scalar(MASKED)], "mask.bias")
    bias = writer.node("Unsqueeze", [bias, writer.integers(1, 2)], "mask.attention_bias")
    return writer.narrowed(bias)


def square(writer: GraphWriter, inputs: GraphInputs, bias: str) -> str:
    """The mask repeated for every query, which MultiHeadAttention wants. Shape: ``(batch, 1, tokens, tokens)``."""
    tokens = writer.node("Unsqueeze", [inputs.tokens, writer.integers(0)], "mask.tokens")
    shape = writer.node("Concat", [writer.integers(1, 1), tokens, writer.integers(1)], "mask.shape", axis=0)
    return writer.node("Expand", [bias, shape], "mask.square")


def layers(
    writer: GraphWriter,
    value: str,
    weights: Iterable[LayerWeights],
    attention_bias: str,
    inputs: GraphInputs,
    shape: EncoderShape,
) -> TokenStates:
    """All transformer layers, from ``(batch * tokens, width)``; the last one for the first token apart as well.

    The first token's path shares keys, values and weights with the others' and costs about one token's work: whoever
    reads ``cls`` alone drops the rest of the last layer.
    """
    *lower, last = enumerate(weights)
    for i, layer_weights in lower:
        value = layer(writer, value, layer_weights, attention_bias, inputs, shape, f"layer.{i}")
    value, first = _last_layer(writer, value, last[1], attention_bias, inputs, shape, f"layer.{last[0]}")
    value = unflatten(writer, value, inputs, shape.width, "hidden_states")
    return TokenStates(writer.widened(value), inputs.attention_mask, first)


def layer(
    writer: GraphWriter,
    value: str,
    weights: LayerWeights,
    attention_bias: str,
    inputs: GraphInputs,
    shape: EncoderShape,
    name: str,
) -> str:
    """One post-norm transformer layer. Vaswani et al. 2017, https://arxiv.org/abs/1706.03762

    Args:
        value: Shape: ``(batch * tokens, width)``.
        attention_bias: Added to the scaled scores. Shape: ``(batch or 1, heads or 1, tokens, tokens)``.

    Raises:
        CheckpointError: a tensor has another shape than the sizes say, or the activation is unknown.
    """
    weights.check(shape, name)
    parts = writer.projections(value, weights.qkv_weight, weights.qkv_bias, f"{name}.attention")
    query, key, keyed = (unflatten(writer, part, inputs, shape.width, f"{part}.batched") for part in parts)
    context = writer.attention(query, key, keyed, attention_bias, shape.attention_heads, f"{name}.attention.context")
    return _after_attention(writer, value, context, weights, shape, name)


def _last_layer(
    writer: GraphWriter,
    value: str,
    weights: LayerWeights,
    attention_bias: str,
    inputs: GraphInputs,
    shape: EncoderShape,
    name: str,
) -> tuple[str, str | None]:
    """As ``layer``; beside its value that of the first tokens, ``(batch, width)``, if the writer writes it apart."""
    weights.check(shape, name)
    # A query apart from key and value would be one more copy of weights that other layers have packed.
    is_shared = writer.owner(f"{name}.") != f"{name}."
    if is_shared or not writer.has_first_token_path:
        return layer(writer, value, weights, attention_bias, inputs, shape, name), None
    attention = f"{name}.attention"
    parts = writer.query_apart(value, weights.qkv_weight, weights.qkv_bias, attention)
    query, key, keyed = (unflatten(writer, part, inputs, shape.width, f"{part}.batched") for part in parts)
    context = writer.attention(query, key, keyed, attention_bias, shape.attention_heads, f"{attention}.context")
    states = _after_attention(writer, value, context, weights, shape, name)
    with writer.suffixed(FIRST):
        value = writer.normed_first(value, lambda token: _first_token(writer, token, inputs, shape.width))
        query = writer.query(value, weights.qkv_weight, weights.qkv_bias, attention)
        query = writer.node("Unsqueeze", [query, writer.integers(1)], f"{attention}.query.batched")
        bias = writer.node("Gather", [attention_bias, writer.integers(0)], "attention_bias", axis=2)
        context = writer.attention(query, key, keyed, bias, shape.attention_heads, f"{attention}.context")
        first = _after_attention(writer, value, context, weights, shape, name)
        return states, writer.widened(first)


def _first_token(writer: GraphWriter, value: str, inputs: GraphInputs, width: int) -> str:
    """The first token of each text. ``(batch * tokens, width)`` to ``(batch, width)``."""
    batched = unflatten(writer, value, inputs, width, f"{value}.batched")
    return writer.node("Gather", [batched, writer.integer(0)], f"{value}.token", axis=1)


def _after_attention(
    writer: GraphWriter, value: str, context: str, weights: LayerWeights, shape: EncoderShape, name: str
) -> str:
    """The rest of a layer, token by token.

    Args:
        value: The layer's input. Shape: ``(tokens, width)``, tokens of all texts.
        context: What attention gave. Shape: ``(batch, tokens of a text, width)``.
    """
    context = flatten(writer, context, shape.width, f"{name}.attention.context.flat")
    output = Dense(f"{name}.attention.output", weights.output_weight, weights.output_bias)
    norm = _norm(f"{name}.attention.norm", weights.attention_norm_weight, weights.attention_norm_bias, shape)
    value = writer.residual(context, output, value, norm)
    wide = Dense(f"{name}.ffn.intermediate", weights.intermediate_weight, weights.intermediate_bias)
    hidden = writer.activated(value, wide, activation(shape.activation), f"{name}.ffn.activation")
    narrow = Dense(f"{name}.ffn.output", weights.ffn_output_weight, weights.ffn_output_bias)
    norm = _norm(f"{name}.ffn.norm", weights.output_norm_weight, weights.output_norm_bias, shape)
    return writer.residual(hidden, narrow, value, norm)


def _norm(name: str, weight: Array, bias: Array, shape: EncoderShape) -> Norm:
    return Norm(name, weight, bias, shape.layer_norm_epsilon)


def activation(name: str) -> Activation:
    """The feed-forward's activation by its name in config.json.

    Raises:
        CheckpointError: an activation that no graph was written for.
    """
    if name not in ACTIVATIONS:
        raise CheckpointError(f"the activation is {name!r}, expected one of {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]


def flatten(writer: GraphWriter, value: str, width: int, name: str) -> str:
    """``(batch, tokens, width)`` to ``(batch * tokens, width)``."""
    return writer.reshape(value, writer.integers(-1, width), name)


def unflatten(writer: GraphWriter, value: str, inputs: GraphInputs, width: int, name: str) -> str:
    """``(batch * tokens, width)`` to ``(batch, tokens, width)``."""
    shape = writer.node("Concat", [inputs.shape, writer.integers(width)], f"{name}.shape", axis=0)
    return writer.reshape(value, shape, name)


def stacked(model: BaseModel, names: list[str]) -> Array:
    """Several tensors one below the other, to make one product of three."""
    return np.concatenate([model[name] for name in names])


def integer(config: Mapping[str, Any], key: str) -> int:
    """A size from ``config.json``.

    Raises:
        CheckpointError: it is missing or not a positive integer.
    """
    value = config.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise CheckpointError(f"config.json: {key} is {value!r}, expected a positive integer")
    return value
