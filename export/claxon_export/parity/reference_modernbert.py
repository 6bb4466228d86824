"""ModernBERT in plain numpy (Warner et al. 2024), for reading: every layer looks at everything, and masks what is far.

x = LayerNorm(words)
for each layer:
    x = x + Attention(LayerNorm(x))       the first layer without the norm; in two of three, only to 64 tokens away
    a, g = W1 LayerNorm(x)
    x = x + W2 (gelu(a) g)
last hidden states = LayerNorm(x)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from claxon_export.parity.reference_model import softmax

if TYPE_CHECKING:
    from claxon_export.parity.reference_model import Floats, Model

Integers: TypeAlias = npt.NDArray[np.integer[Any]]


def forward(model: Model, input_ids: Integers, bias: Floats) -> Floats:
    """Return the last hidden states, float32 ``(batch, tokens, width)``.

    Args:
        model: The checkpoint.
        input_ids: ``(batch, tokens)``.
        bias: What padding adds to the scores, ``(batch, 1, 1, tokens)``.
    """
    states = model.layer_norm("embeddings.norm", model.weight("embeddings.tok_embeddings.weight")[input_ids])
    every = int(model.config.get("global_attn_every_n_layers", 3))
    for index in range(model.setting("num_hidden_layers")):
        layer, is_local = f"layers.{index}", index % every != 0
        normed = model.layer_norm(f"{layer}.attn_norm", states) if index else states
        states = states + _attention(model, layer, normed, bias, is_local=is_local)
        both = model.linear(f"{layer}.mlp.Wi", model.layer_norm(f"{layer}.mlp_norm", states))
        inner, gate = np.split(both, 2, axis=-1)
        states = states + model.linear(f"{layer}.mlp.Wo", model.activate(inner) * gate)
    return model.layer_norm("final_norm", states)


def _attention(model: Model, layer: str, states: Floats, bias: Floats, *, is_local: bool) -> Floats:
    batch, tokens, width = states.shape
    heads = model.setting("num_attention_heads")
    packed = model.linear(f"{layer}.attn.Wqkv", states).reshape(batch, tokens, 3, heads, width // heads)
    query, key, value = packed.transpose(2, 0, 3, 1, 4)
    base = model.config.get("global_rope_theta", 160_000.0)
    if is_local:
        local = model.config.get("local_rope_theta", 10_000.0)
        base = base if local is None else local
        distance = np.abs(np.arange(tokens)[:, None] - np.arange(tokens))
        reach = int(model.config.get("local_attention", 128)) // 2
        bias = np.where(distance > reach, np.finfo(np.float32).min, bias)
    scores = _turned(query, base) @ _turned(key, base).swapaxes(-1, -2) / np.float32((width // heads) ** 0.5)
    context = (softmax(scores + bias) @ value).transpose(0, 2, 1, 3).reshape(states.shape)
    return model.linear(f"{layer}.attn.Wo", context)


def _turned(x: Floats, base: float) -> Floats:
    """Return ``(batch, heads, tokens, width)``, each pair of a head's halves turned by position times its frequency."""
    half = x.shape[-1] // 2
    frequencies = np.float32(1) / np.float32(base) ** (
        np.arange(0, 2 * half, 2, dtype=np.float32) / np.float32(2 * half)
    )
    angles = np.arange(x.shape[-2], dtype=np.float32)[:, None] * frequencies
    cosines, sines, first, second = np.cos(angles), np.sin(angles), x[..., :half], x[..., half:]
    return np.concatenate([first * cosines - second * sines, second * cosines + first * sines], axis=-1)
