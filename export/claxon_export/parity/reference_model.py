"""What the numpy reference's architectures are made of: their names, settings, weights and two layers.

`claxon_export.parity.reference` puts them together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from claxon_export.errors import CheckpointError, UnsupportedArchitectureError

Floats: TypeAlias = npt.NDArray[np.float32]
Activation: TypeAlias = Callable[[Floats], Floats]
Weights: TypeAlias = Mapping[str, npt.NDArray[Any]]


def relu(x: Floats) -> Floats:
    """Return ``max(x, 0)``."""
    rectified: Floats = np.maximum(x, np.float32(0))
    return rectified


def gelu(x: Floats) -> Floats:
    """Return ``x Φ(x)``, Φ the normal distribution's (Hendrycks and Gimpel 2016)."""
    distribution: Floats = ndtr(x)
    distribution *= x
    return distribution


def gelu_tanh(x: Floats) -> Floats:
    """Return the same paper's approximation, ``x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))``."""
    inner: Floats = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x))
    return np.float32(0.5) * x * (inner + np.float32(1))


def softmax(scores: Floats) -> Floats:
    """Return ``exp(x) / sum(exp(x))`` over the last axis, float32; large scores do not overflow."""
    exponentials: Floats = scores - scores.max(axis=-1, keepdims=True)
    np.exp(exponentials, out=exponentials)
    exponentials /= exponentials.sum(axis=-1, keepdims=True)
    return exponentials


ACTIVATIONS: Mapping[str, Activation] = {
    "gelu": gelu,
    "gelu_new": gelu_tanh,
    "gelu_pytorch_tanh": gelu_tanh,
    "relu": relu,
}


@dataclass(frozen=True, slots=True)
class Names:
    """What an architecture calls its parts."""

    prefix: str
    classifier: tuple[str, str]
    layer: str = "encoder.layer"
    projections: tuple[str, str, str] = ("attention.self.query", "attention.self.key", "attention.self.value")
    attention_output: str = "attention.output.dense"
    attention_norm: str = "attention.output.LayerNorm"
    inner: str = "intermediate.dense"
    outer: str = "output.dense"
    output_norm: str = "output.LayerNorm"


_ROBERTA = Names(prefix="roberta.", classifier=("classifier.dense", "classifier.out_proj"))
_NAMES = {
    "albert": Names(
        prefix="albert.",
        layer="encoder.albert_layer_groups",
        projections=("attention.query", "attention.key", "attention.value"),
        attention_output="attention.dense",
        attention_norm="attention.LayerNorm",
        inner="ffn",
        outer="ffn_output",
        output_norm="full_layer_layer_norm",
        classifier=("pooler", "classifier"),
    ),
    "bert": Names(prefix="bert.", classifier=("pooler.dense", "classifier")),
    "camembert": _ROBERTA,
    "deberta-v2": Names(prefix="deberta.", classifier=("pooler.dense", "classifier")),
    "distilbert": Names(
        prefix="distilbert.",
        layer="transformer.layer",
        projections=("attention.q_lin", "attention.k_lin", "attention.v_lin"),
        attention_output="attention.out_lin",
        attention_norm="sa_layer_norm",
        inner="ffn.lin1",
        outer="ffn.lin2",
        output_norm="output_layer_norm",
        classifier=("pre_classifier", "classifier"),
    ),
    "electra": replace(_ROBERTA, prefix="electra.", classifier=("classifier.dense", "classifier.out_proj")),
    "modernbert": Names(prefix="model.", classifier=("head.dense", "classifier")),
    "mpnet": Names(
        prefix="mpnet.",
        layer="encoder.layer",
        projections=("attention.attn.q", "attention.attn.k", "attention.attn.v"),
        attention_output="attention.attn.o",
        attention_norm="attention.LayerNorm",
        classifier=("classifier.dense", "classifier.out_proj"),
    ),
    "roberta": _ROBERTA,
    "xlm-roberta": _ROBERTA,
}
ARCHITECTURES = tuple(_NAMES)


@dataclass(frozen=True, slots=True)
class Model:
    """The settings and weights of one checkpoint, by the names of its architecture.

    Raises:
        UnsupportedArchitectureError: The architecture, activation or variant is not one that is known here.
    """

    architecture: str
    config: Mapping[str, Any]
    weights: Weights

    def __post_init__(self) -> None:
        """Refuse what is not known here before anything is computed."""
        _check_variant(self.architecture, self.config)
        _activation(self.architecture, self.config)

    @property
    def names(self) -> Names:
        """What this architecture calls its parts."""
        return _NAMES[self.architecture]

    def activate(self, x: Floats) -> Floats:
        """Return the activation between a layer's two linear ones, of any shape."""
        return _activation(self.architecture, self.config)(x)

    def setting(self, *names: str) -> int:
        """Return the first of the settings that is there: DistilBERT has its own names for some.

        Raises:
            CheckpointError: None is there.
        """
        for name in names:
            if name in self.config:
                return int(self.config[name])
        raise CheckpointError(f"config.json says nothing of {' or '.join(names)}, which a forward pass needs")

    def weight(self, name: str) -> Floats:
        """Return a weight as float32, found with or without the base model's prefix.

        Raises:
            CheckpointError: There is none of that name.
        """
        for candidate in (name, self.names.prefix + name):
            if candidate in self.weights:
                return np.asarray(self.weights[candidate], dtype=np.float32)
        raise CheckpointError(
            f"the checkpoint has no weight {name!r}, with or without the prefix {self.names.prefix!r}, "
            f"which {self.architecture} needs: it is incomplete, or its model_type is wrong"
        )

    def linear(self, name: str, x: Floats) -> Floats:
        """Return ``x Wᵀ + b`` over the last axis; one matrix product, whatever the axes before it."""
        product = x.reshape(-1, x.shape[-1]) @ self.weight(f"{name}.weight").T
        if self._has_bias(name):
            product += self.weight(f"{name}.bias")
        return product.reshape(*x.shape[:-1], product.shape[-1])

    def layer_norm(self, name: str, x: Floats) -> Floats:
        """Return ``(x - mean) / √(variance + ε) * weight + bias`` over the last axis (Ba et al. 2016)."""
        keys = {"modernbert": ("norm_eps", 1e-5), "deberta-v2": ("layer_norm_eps", 1e-7)}
        key, usual = keys.get(self.architecture, ("layer_norm_eps", 1e-12))
        epsilon = 1e-12 if self.architecture == "distilbert" else self.config.get(key, usual)
        centred: Floats = x - x.mean(axis=-1, keepdims=True)
        centred /= np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + np.float32(epsilon))
        centred *= self.weight(f"{name}.weight")
        if self._has_bias(name):
            centred += self.weight(f"{name}.bias")
        return centred

    def _has_bias(self, name: str) -> bool:
        """Only ModernBERT leaves biases out; of the others a missing one is an error."""
        names = (f"{name}.bias", f"{self.names.prefix}{name}.bias")
        return self.architecture != "modernbert" or any(candidate in self.weights for candidate in names)


def _check_variant(architecture: str, config: Mapping[str, Any]) -> None:
    if architecture not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise UnsupportedArchitectureError(f"there is no numpy reference of {architecture!r}, only of: {known}")
    for key, expected in (("position_embedding_type", "absolute"), ("is_decoder", False)):
        if config.get(key, expected) != expected:
            result = f"config.json has {key} {config[key]!r}"
            raise UnsupportedArchitectureError(f"{result}; the numpy reference has only {expected!r}")


def _activation(architecture: str, config: Mapping[str, Any]) -> Activation:
    key = {"distilbert": "activation", "modernbert": "hidden_activation"}.get(architecture, "hidden_act")
    name = config.get(key, "gelu_new" if architecture == "albert" else "gelu")
    if name not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise UnsupportedArchitectureError(f"config.json has {key} {name!r}; the numpy reference has: {known}")
    return ACTIVATIONS[name]
