"""DeBERTa-v2 and v3 in plain numpy (He et al. 2020), for reading: every pair's distance is looked up by itself.

    x = LayerNorm(words)                      what else few checkpoints add to them, before
    for each layer:
        score(i, j) = (q_i k_j + q_i K(i - j) + k_j Q(i - j)) / √(3 d)
        x = LayerNorm(x + softmax(scores) v)
        x = LayerNorm(x + W2 activation(W1 x))

``K`` and ``Q`` are the embeddings of distances, projected as keys and queries are.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from claxon_export.parity.reference_model import ACTIVATIONS, softmax

if TYPE_CHECKING:
    from claxon_export.parity.reference_model import Floats, Model

Integers: TypeAlias = npt.NDArray[np.integer[Any]]


def forward(model: Model, input_ids: Integers, attention_mask: Integers) -> Floats:
    """Return the last hidden states, float32 ``(batch, tokens, width)``; at padding they mean nothing."""
    embedded = _embed(model, input_ids) * (attention_mask[:, :, None] > 0)
    states: Floats = embedded
    for index in range(model.setting("num_hidden_layers")):
        layer = f"encoder.layer.{index}"
        attended = model.linear(f"{layer}.attention.output.dense", _attend(model, layer, states, attention_mask))
        states = model.layer_norm(f"{layer}.attention.output.LayerNorm", states + attended)
        inner = model.activate(model.linear(f"{layer}.intermediate.dense", states))
        states = model.layer_norm(f"{layer}.output.LayerNorm", states + model.linear(f"{layer}.output.dense", inner))
        if index == 0 and int(model.config.get("conv_kernel_size", 0)) > 0:
            states = model.layer_norm("encoder.conv.LayerNorm", states + _convolve(model, embedded))
    return states


def _embed(model: Model, input_ids: Integers) -> Floats:
    total = model.weight("embeddings.word_embeddings.weight")[input_ids]
    if model.config.get("position_biased_input", True):
        total = total + model.weight("embeddings.position_embeddings.weight")[: input_ids.shape[1]]
    if int(model.config.get("type_vocab_size", 0)) > 0:
        total = total + model.weight("embeddings.token_type_embeddings.weight")[0]
    if model.config.get("embedding_size", model.config["hidden_size"]) != model.config["hidden_size"]:
        total = total @ model.weight("embeddings.embed_proj.weight").T
    return model.layer_norm("embeddings.LayerNorm", total)


def _attend(model: Model, layer: str, states: Floats, attention_mask: Integers) -> Floats:
    name, heads = f"{layer}.attention.self", model.setting("num_attention_heads")
    query, key, value = (
        _heads(model.linear(f"{name}.{part}_proj", states), heads) for part in ("query", "key", "value")
    )
    scores = query @ key.swapaxes(-1, -2)
    stated = model.config.get("pos_att_type") or ()
    kinds = stated.lower().split("|") if isinstance(stated, str) else stated
    if model.config.get("relative_attention"):
        scores = scores + _of_distances(model, name, query, key, kinds)
    scores = scores / np.float32(math.sqrt(query.shape[-1] * (1 + len({"c2p", "p2c"} & {*kinds}))))
    scores = np.where(attention_mask[:, None, None, :] > 0, scores, np.finfo(np.float32).min)
    return (softmax(scores) @ value).transpose(0, 2, 1, 3).reshape(states.shape)


def _of_distances(model: Model, name: str, query: Floats, key: Floats, kinds: Any) -> Floats:
    embeddings = model.weight("encoder.rel_embeddings.weight")
    if "layer_norm" in str(model.config.get("norm_rel_ebd", "none")).lower():
        embeddings = model.layer_norm("encoder.LayerNorm", embeddings)
    prefix = "" if model.config.get("share_att_key", False) else "pos_"
    heads, tokens = query.shape[1], query.shape[2]
    index = buckets(tokens, model.config, len(embeddings) // 2)
    total = np.zeros((*query.shape[:2], tokens, tokens), np.float32)
    if "c2p" in kinds:
        table = _heads(model.linear(f"{name}.{prefix}key_proj", embeddings[None]), heads)[0]
        total += np.einsum("bhid,hijd->bhij", query, table[:, index])
    if "p2c" in kinds:
        table = _heads(model.linear(f"{name}.{prefix}query_proj", embeddings[None]), heads)[0]
        total += np.einsum("bhjd,hijd->bhij", key, table[:, index])
    return total


def buckets(tokens: int, config: Any, span: int) -> npt.NDArray[np.int64]:
    """Return the embedding's row for each pair of query (rows) and key (columns), int64 ``(tokens, tokens)``.

    Where there are buckets, distances beyond half of them share rows, ever more of them a row; the logarithm is
    float32, as in `transformers`, for it is rounded up.
    """
    distance = np.arange(tokens)[:, None] - np.arange(tokens)
    count = int(config.get("position_buckets", -1))
    if count > 0:
        half, away = count // 2, np.abs(distance)
        farthest = int(config.get("max_relative_positions", -1))
        farthest = farthest if farthest > 0 else int(config["max_position_embeddings"])
        decades = np.log(np.maximum(away, 1).astype(np.float32) / np.float32(half))
        steps = np.ceil(decades / np.log(np.float32((farthest - 1) / half)) * np.float32(half - 1)) + half
        distance = np.where(away <= half, distance, (np.sign(distance) * steps).astype(np.int64))
    rows: npt.NDArray[np.int64] = np.clip(distance + span, 0, 2 * span - 1)
    return rows


def _convolve(model: Model, embedded: Floats) -> Floats:
    weight, bias = model.weight("encoder.conv.conv.weight"), model.weight("encoder.conv.conv.bias")
    size, reach = weight.shape[2], (weight.shape[2] - 1) // 2
    groups, tokens = int(model.config.get("conv_groups", 1)), embedded.shape[1]
    around = np.pad(embedded, ((0, 0), (reach, reach), (0, 0)))
    parts = [
        sum(part[:, k : k + tokens] @ filters[:, :, k].T for k in range(size))
        for part, filters in zip(np.split(around, groups, axis=2), np.split(weight, groups), strict=True)
    ]
    name = model.config.get("conv_act", "tanh")
    filtered = np.concatenate(parts, axis=2) + bias
    activated: Floats = np.tanh(filtered) if name == "tanh" else ACTIVATIONS[name](filtered)
    return activated


def _heads(x: Floats, heads: int) -> Floats:
    batch, tokens, width = x.shape
    return x.reshape(batch, tokens, heads, width // heads).transpose(0, 2, 1, 3)
