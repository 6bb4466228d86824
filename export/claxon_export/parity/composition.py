"""modules.json in plain numpy: what comes after the token states, written apart from the graph's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.special import expit

from claxon_export.checkpoint.sentence_modules import DenseStep, LayerNormStep, PoolingMode, SentenceModules, Step
from claxon_export.parity.reference import normalize
from claxon_export.parity.reference_model import Floats, gelu, relu

_ACTIVATIONS: Mapping[str, Callable[[Floats], Any]] = {
    "Identity": lambda x: x,
    "Tanh": np.tanh,
    "Relu": relu,
    "Gelu": gelu,
    "Sigmoid": expit,
}


def sentence_embedding(hidden_states: Floats, modules: SentenceModules, truncate_dim: int | None) -> Floats:
    """The sentence embedding of texts without padding, float32 ``(rows, columns)``.

    Args:
        hidden_states: The last ones, float32 ``(rows, tokens, width)``.
        modules: What comes after them.
        truncate_dim: Columns that are kept; None for all.
    """
    value = np.concatenate([_pooled(hidden_states, mode) for mode in modules.modes], axis=1)
    for step in modules.steps:
        value = _stepped(value, step)
    return np.ascontiguousarray(value[:, :truncate_dim], np.float32)


def _pooled(states: Floats, mode: PoolingMode) -> Any:
    places = np.arange(1, states.shape[1] + 1, dtype=np.float64)
    if mode is PoolingMode.CLS:
        return states[:, 0]
    if mode is PoolingMode.LAST:
        return states[:, -1]
    if mode is PoolingMode.MAX:
        return states.max(axis=1)
    if mode is PoolingMode.MEAN:
        return states.mean(axis=1, dtype=np.float64)
    if mode is PoolingMode.MEAN_SQRT_LEN:
        return states.sum(axis=1, dtype=np.float64) / np.sqrt(states.shape[1])
    return np.einsum("rtw,t->rw", states, places) / places.sum()


def _stepped(value: Any, step: Step) -> Any:
    if isinstance(step, DenseStep):
        return _ACTIVATIONS[step.activation]((value @ step.weight().T + step.bias()).astype(np.float32))
    if isinstance(step, LayerNormStep):
        centred = value - value.mean(axis=1, keepdims=True)
        scale = np.sqrt(np.square(centred).mean(axis=1, keepdims=True) + step.epsilon)
        return centred / scale * step.weight() + step.bias()
    return normalize(value)
