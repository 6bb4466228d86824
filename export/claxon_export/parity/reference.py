"""BERT and its relatives in plain numpy: the answer a bundle is held to where torch is absent.

Written for reading, from the papers and from what `transformers` computes, and sharing nothing with the code
that writes graphs, so that one mistake cannot be made in both. They are one model with other names:

    x = LayerNorm(sum of embeddings)
    for each layer:
        x = LayerNorm(x + Attention(x))              Vaswani et al. 2017, section 3.2
        x = LayerNorm(x + W2 activation(W1 x))       section 3.3
    last hidden states = x

- BERT (Devlin et al. 2019) adds word, position and token-type embeddings; the token type is always 0 here.
- DistilBERT (Sanh et al. 2019) has no token types.
- RoBERTa, XLM-R and CamemBERT (Liu et al. 2019) are BERT with positions that begin after the padding token's row,
  skipping padding.
- ELECTRA (Clark et al. 2020) and ALBERT (Lan et al. 2019) are BERT with a linear layer behind the embeddings, which may
  be narrower than the layers; ALBERT's layers share their weights.
- MPNet (Song et al. 2020) numbers its positions from 2, skipping padding, and adds to every layer's attention
  scores one learned bias per head and bucketed distance (Raffel et al. 2020, section 2.1).

Everything is float32. A weight is looked up when it is needed, so that a lazy mapping stays lazy.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from claxon.errors import InputError, OptionError
from claxon_export.checkpoint.classifier_output import OutputFunction, output_function
from claxon_export.parity import reference_deberta, reference_modernbert
from claxon_export.parity.reference_model import ARCHITECTURES, Activation, Floats, Model, Weights, gelu, relu, softmax

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ARCHITECTURES",
    "applied",
    "classify",
    "forward",
    "normalize",
    "pool",
    "relative_buckets",
    "softmax",
]

Integers: TypeAlias = npt.NDArray[np.integer[Any]]

MPNET_PADDING_ID = 1
MPNET_BUCKETS = 32
MPNET_MAX_DISTANCE = 128
ROBERTAS = frozenset({"camembert", "roberta", "xlm-roberta"})
POSITIONS_AFTER_PADDING = ROBERTAS | {"mpnet"}
TOKEN_TYPES = ROBERTAS | {"albert", "bert", "electra"}
# The linear layer from the embeddings' width to the layers', where there is one.
WIDENING = {"albert": "encoder.embedding_hidden_mapping_in", "electra": "embeddings_project"}
BETWEEN: dict[str, Activation] = {"distilbert": relu, "deberta-v2": gelu, "electra": gelu, "modernbert": gelu}
MASKED_SCORE = np.finfo(np.float32).min


def forward(
    architecture: str,
    config: Mapping[str, Any],
    weights: Weights,
    input_ids: Integers,
    attention_mask: Integers,
) -> Floats:
    """Return the last hidden states, float32 ``(batch, tokens, width)``; at padding they mean nothing.

    Args:
        architecture: One of ``ARCHITECTURES``.
        config: The checkpoint's config.json.
        weights: By their names in the checkpoint, with or without the base model's prefix.
        input_ids: Integers ``(batch, tokens)``; MPNet's padding must have its own id, 1.
        attention_mask: ``(batch, tokens)``, 1 at a token, 0 at padding.

    Raises:
        UnsupportedArchitectureError: The architecture, activation or variant is not one that is known here.
        CheckpointError: A weight or a setting is missing.
        InputError: A text is longer than the position table.
    """
    model = Model(architecture, config, weights)
    bias = np.where(attention_mask[:, None, None, :] > 0, np.float32(0), MASKED_SCORE)
    if architecture == "modernbert":
        return reference_modernbert.forward(model, input_ids, bias)
    if architecture == "deberta-v2":
        return reference_deberta.forward(model, input_ids, attention_mask)
    states = _embed(model, input_ids)
    if architecture == "mpnet":
        bias = bias + _relative_bias(model, input_ids.shape[1])
    for layer in _layer_names(model):
        states = _layer(model, layer, states, bias)
    return states


def classify(architecture: str, config: Mapping[str, Any], weights: Weights, hidden_states: Floats) -> Floats:
    """Return what the sequence classifier gives, float32 ``(batch, labels)``: of a softmax each row sums to 1.

    All read the first token's state and have two linear layers: with ReLU between them in DistilBERT, GELU in
    ELECTRA, tanh in the others; in BERT and ALBERT the first is the pooler. ``hidden_states`` come from `forward`.

    Raises:
        UnsupportedArchitectureError: The architecture is not one of ``ARCHITECTURES``.
        CheckpointError: The checkpoint has no classifier.
    """
    model = Model(architecture, config, weights)
    inner, outer = model.names.classifier
    features = hidden_states[:, 0]
    if config.get("classifier_pooling") == "mean":  # of equal lengths, as no mask is known here
        features = hidden_states.mean(axis=1)
    key = {"deberta-v2": "pooler_hidden_act", "modernbert": "classifier_activation"}.get(architecture, "")
    by_name: dict[str, Activation] = {"gelu": gelu, "relu": relu, "tanh": np.tanh}
    activation = by_name.get(str(config.get(key)), BETWEEN.get(architecture, np.tanh))
    between = activation(model.linear(inner, features))
    if architecture == "modernbert":
        between = model.layer_norm("head.norm", between)
    logits = model.linear(outer, between)
    return applied(output_function(config, logits.shape[-1]), logits)


def applied(function: OutputFunction, logits: Floats) -> Floats:
    """Return the classifier's output, float32, of the same shape."""
    if function is OutputFunction.SIGMOID:
        probabilities: Floats = expit(logits)
        return probabilities
    return softmax(logits) if function is OutputFunction.SOFTMAX else logits


def pool(hidden_states: Floats, attention_mask: Integers, pooling: str) -> Floats:
    """Return one vector per text, float32 ``(batch, width)``.

    Args:
        hidden_states: float32 ``(batch, tokens, width)``.
        attention_mask: ``(batch, tokens)``, 1 at a token, 0 at padding.
        pooling: ``"cls"``, the first token's state, or ``"mean"``, over what is not padding.

    Raises:
        OptionError: Another pooling.
    """
    if pooling == "cls":
        return np.ascontiguousarray(hidden_states[:, 0])
    if pooling != "mean":
        raise OptionError(f"unknown pooling {pooling!r}: it is one of 'cls', 'mean'")
    mask = attention_mask[:, :, None].astype(np.float64)
    total = (hidden_states * mask).sum(axis=1)
    mean: Floats = (total / np.maximum(mask.sum(axis=1), 1e-9)).astype(np.float32)
    return mean


def normalize(vectors: Floats) -> Floats:
    """Return the rows at unit length, ``x / max(|x|, 1e-12)`` as in torch, float32 ``(batch, width)``."""
    lengths: Floats = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)


def relative_buckets(tokens: int) -> npt.NDArray[np.int64]:
    """Return MPNet's bucket for each pair of query (rows) and key (columns), int64 ``(tokens, tokens)``.

    Raffel et al. 2020, section 2.1: half of the 32 buckets for keys that follow the query. In each half, the
    first 8 for the distances 0 to 7, the rest for longer ones, ever wider, and the last for all beyond 128.
    The logarithm is float32, as in `transformers`, for it is rounded down and some distances lie on an edge.
    """
    positions = np.arange(tokens)
    relative = positions[None, :] - positions[:, None]
    distance = np.abs(relative)
    half = MPNET_BUCKETS // 2
    exact = half // 2
    decades = np.log(np.maximum(distance, 1).astype(np.float32) / np.float32(exact))
    steps = decades / np.float32(math.log(MPNET_MAX_DISTANCE / exact)) * np.float32(half - exact)
    wide = np.minimum(exact + steps.astype(np.int64), half - 1)
    buckets: npt.NDArray[np.int64] = np.where(distance < exact, distance, wide) + np.where(relative > 0, half, 0)
    return buckets


def _embed(model: Model, input_ids: Integers) -> Floats:
    table = model.weight("embeddings.position_embeddings.weight")
    positions = _positions(model, input_ids)
    if positions.max() >= len(table):
        raise InputError(
            f"a text has {input_ids.shape[1]} tokens, and the position table's last is {len(table) - 1}: "
            "cut the texts to the checkpoint's max_tokens"
        )
    total = model.weight("embeddings.word_embeddings.weight")[input_ids] + table[positions]
    if model.architecture in TOKEN_TYPES:
        total += model.weight("embeddings.token_type_embeddings.weight")[0]
    total = model.layer_norm("embeddings.LayerNorm", total)
    is_narrow = model.config.get("embedding_size") != model.config.get("hidden_size")
    is_widened = model.architecture == "albert" or (model.architecture == "electra" and is_narrow)
    return model.linear(WIDENING[model.architecture], total) if is_widened else total


def _layer_names(model: Model) -> list[str]:
    """The layers in turn. ALBERT's come from a few groups, each of which serves several times running."""
    layers = model.setting("num_hidden_layers", "n_layers")
    if model.architecture != "albert":
        return [f"{model.names.layer}.{layer}" for layer in range(layers)]
    groups, inner = int(model.config.get("num_hidden_groups", 1)), int(model.config.get("inner_group_num", 1))
    chosen = [int(layer / (layers / groups)) for layer in range(layers)]
    return [f"{model.names.layer}.{group}.albert_layers.{i}" for group in chosen for i in range(inner)]


def _positions(model: Model, input_ids: Integers) -> Integers:
    if model.architecture not in POSITIONS_AFTER_PADDING:
        return np.broadcast_to(np.arange(input_ids.shape[1]), input_ids.shape)
    # MPNet's code fixes the row, whatever config.json says.
    is_fixed = model.architecture == "mpnet"
    padding = MPNET_PADDING_ID if is_fixed else int(model.config.get("pad_token_id", MPNET_PADDING_ID))
    present = input_ids != padding
    positions: Integers = np.cumsum(present, axis=1) * present + padding
    return positions


def _relative_bias(model: Model, tokens: int) -> Floats:
    """One bias for all layers, float32 ``(1, heads, tokens, tokens)``."""
    by_bucket = model.weight("encoder.relative_attention_bias.weight")
    return by_bucket[relative_buckets(tokens)].transpose(2, 0, 1)[None]


def _layer(model: Model, layer: str, states: Floats, bias: Floats) -> Floats:
    names = model.names
    states = model.layer_norm(f"{layer}.{names.attention_norm}", states + _attention(model, layer, states, bias))
    inner = model.activate(model.linear(f"{layer}.{names.inner}", states))
    return model.layer_norm(f"{layer}.{names.output_norm}", states + model.linear(f"{layer}.{names.outer}", inner))


def _attention(model: Model, layer: str, states: Floats, bias: Floats) -> Floats:
    """``softmax(Q Kᵀ / √d + bias) V`` in each head, the heads side by side, and a linear layer behind."""
    heads = model.setting("num_attention_heads", "n_heads")
    query, key, value = (
        _split_heads(model.linear(f"{layer}.{name}", states), heads) for name in model.names.projections
    )
    scores = query @ key.swapaxes(-1, -2) / np.float32(math.sqrt(query.shape[-1])) + bias
    context = (softmax(scores) @ value).transpose(0, 2, 1, 3).reshape(states.shape)
    return model.linear(f"{layer}.{model.names.attention_output}", context)


def _split_heads(x: Floats, heads: int) -> Floats:
    """``(batch, tokens, width)`` -> ``(batch, heads, tokens, width / heads)``."""
    batch, tokens, width = x.shape
    return np.ascontiguousarray(x.reshape(batch, tokens, heads, width // heads).transpose(0, 2, 1, 3))
