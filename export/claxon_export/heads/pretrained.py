"""The checkpoint's own classifier -> a head on the feature ``cls``.

What each architecture computes, after transformers' ``...ForSequenceClassification``:

    distilbert   pre_classifier, ReLU, classifier
    bert         pooler.dense, tanh, classifier
    mpnet        classifier.dense, tanh, classifier.out_proj
    roberta      the same, and camembert and xlm-roberta
    electra      classifier.dense, GELU, classifier.out_proj
    albert       pooler, tanh, classifier
    deberta-v2   pooler.dense, GELU, classifier
    modernbert   head.dense, GELU, head.norm, classifier, on cls or mean as config.json says

and after each what ``classifier_output`` says: softmax, sigmoids, or nothing. Dropout does nothing outside training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx
from onnx import helper

from claxon.bundle.manifest import Feature, HeadKind
from claxon.heads.entailment import entailment_column
from claxon_export.checkpoint.classifier_output import OutputFunction, output_function, output_kind
from claxon_export.errors import HeadError, UnsupportedArchitectureError
from claxon_export.heads.head_graph import FEATURES, LOGITS, SCORES, Array, HeadGraph, check_label_count, head_model


@dataclass(frozen=True, slots=True)
class Layer:
    """A linear layer by its name in the checkpoint, and the operator after it; that after the last one is "" here."""

    name: str
    activation: str = ""
    norm: str | None = None


OPERATORS = {
    OutputFunction.SOFTMAX: "Softmax",
    OutputFunction.SIGMOID: "Sigmoid",
    OutputFunction.NONE: "Identity",
}
# The last layer's operator is config.json's matter.
DENSE_AND_PROJECTION = (Layer("classifier.dense", "Tanh"), Layer("classifier.out_proj"))
CLASSIFIERS: Mapping[str, tuple[Layer, ...]] = {
    "albert": (Layer("pooler", "Tanh"), Layer("classifier")),
    "deberta-v2": (Layer("pooler.dense", "Gelu"), Layer("classifier")),
    "distilbert": (Layer("pre_classifier", "Relu"), Layer("classifier")),
    "bert": (Layer("pooler.dense", "Tanh"), Layer("classifier")),
    "camembert": DENSE_AND_PROJECTION,
    "electra": (Layer("classifier.dense", "Gelu"), Layer("classifier.out_proj")),
    "modernbert": (Layer("head.dense", "Gelu", norm="head.norm"), Layer("classifier")),
    "mpnet": DENSE_AND_PROJECTION,
    "roberta": DENSE_AND_PROJECTION,
    "xlm-roberta": DENSE_AND_PROJECTION,
}


# Where config.json says what stands between a classifier's two layers, and how it is written in a graph.
STATED_ACTIVATIONS: Mapping[str, str] = {"deberta-v2": "pooler_hidden_act", "modernbert": "classifier_activation"}
ACTIVATIONS: Mapping[str, str] = {"gelu": "Gelu", "relu": "Relu", "tanh": "Tanh"}


@dataclass(frozen=True, slots=True)
class Linear:
    """A layer's weights, float32. Shapes: ``(out, in)`` and ``(out,)``, and ``(out,)`` of the norm behind it."""

    layer: Layer
    weight: Array
    bias: Array
    scale: Array | None = None


def pretrained_head(
    architecture: str, config: Mapping[str, Any], weights: Mapping[str, Array], labels: Sequence[str]
) -> HeadGraph:
    """The classifier that came with a checkpoint.

    Args:
        architecture: One of ``CLASSIFIERS``.
        config: The checkpoint's ``config.json``.
        weights: By name, as PyTorch stores them, ``(out, in)``, with or without the architecture's name in
            front.
        labels: In the order of the classifier's rows.

    Returns:
        A head on ``cls``; config.json says what its scores are.

    Raises:
        UnsupportedArchitectureError: another architecture.
        CheckpointError: config.json names a function that there is not.
        HeadError: a weight is missing, misshapen, NaN or infinite; or there is not one label a row.
    """
    linears = [_linear(layer, architecture, weights) for layer in _layers(architecture, config)]
    _check_widths(linears, config.get("hidden_size", config.get("dim")))
    count = len(linears[-1].weight)
    check_label_count(labels, count)
    constants = {f"{linear.layer.name}.weight": linear.weight for linear in linears}
    constants |= {f"{linear.layer.name}.bias": linear.bias for linear in linears}
    constants |= {f"{linear.layer.norm}.weight": linear.scale for linear in linears if linear.scale is not None}
    function = output_function(config, count)
    nodes = _nodes(linears, OPERATORS[function], config, logits=entailment_column(labels) is not None)
    graph = head_model(f"{architecture}.classifier", nodes, constants, linears[0].weight.shape[1], count)
    details = {"architecture": architecture, "function": str(function)}
    feature = Feature(config.get("classifier_pooling", Feature.CLS))
    scores = output_kind(config, count)
    return HeadGraph(HeadKind.PRETRAINED, feature, tuple(labels), scores, graph, details=details)


def _layers(architecture: str, config: Mapping[str, Any]) -> tuple[Layer, ...]:
    try:
        first, last = CLASSIFIERS[architecture]
    except KeyError:
        raise UnsupportedArchitectureError(
            f"the classifier of {architecture!r} has no native writer; "
            f"the architectures that have one: {', '.join(CLASSIFIERS)}"
        ) from None
    key = STATED_ACTIVATIONS.get(architecture, "")
    stated = config.get(key, first.activation.lower())
    if stated not in ACTIVATIONS:
        raise HeadError(f"config.json has {key} {stated!r}, expected one of {', '.join(ACTIVATIONS)}")
    return replace(first, activation=ACTIVATIONS[stated]), last


def _linear(layer: Layer, architecture: str, weights: Mapping[str, Array]) -> Linear:
    weight = _weight(f"{layer.name}.weight", architecture, weights)
    # Beside a layer normalization stands ModernBERT's, which has no bias.
    is_bare = layer.norm is not None and f"{layer.name}.bias" not in weights
    zeros = np.zeros(len(weight), np.float32)
    bias = zeros if is_bare else _weight(f"{layer.name}.bias", architecture, weights)
    if weight.ndim != 2 or bias.shape != weight.shape[:1]:
        raise HeadError(
            f"{layer.name} has a weight {weight.shape} and a bias {bias.shape}, expected (out, in) and (out,)"
        )
    scale = None if layer.norm is None else _weight(f"{layer.norm}.weight", architecture, weights)
    return Linear(layer, weight, bias, scale)


def _weight(name: str, architecture: str, weights: Mapping[str, Array]) -> Array:
    candidates = (name, f"{architecture}.{name}")
    for candidate in candidates:
        if candidate in weights:
            return np.asarray(weights[candidate], np.float32)
    raise HeadError(
        f"the checkpoint has no weight {' or '.join(candidates)}: it holds no classifier of {architecture}; "
        "train a head with 'claxon fit', or use label similarity"
    )


def _check_widths(linears: Sequence[Linear], width: Any) -> None:
    """Raise unless each layer takes what the one before gives, and the first what the encoder gives."""
    for linear in linears:
        result = linear.weight.shape[1]
        if width is not None and result != width:
            raise HeadError(f"{linear.layer.name} takes {result} values, expected {width} from what comes before it")
        width = linear.weight.shape[0]


def _nodes(
    linears: Sequence[Linear], last: str, config: Mapping[str, Any], *, logits: bool = False
) -> list[onnx.NodeProto]:
    """``last`` is the operator after the last layer; with ``logits`` that layer's values are an output."""
    nodes = []
    value = FEATURES
    for linear in linears:
        name, activation = linear.layer.name, linear.layer.activation or last
        output = SCORES if linear is linears[-1] else f"{name}.{activation.lower()}"
        inputs = [value, f"{name}.weight", f"{name}.bias"]
        product = LOGITS if logits and linear is linears[-1] else name
        nodes.append(helper.make_node("Gemm", inputs, [product], name=name, transB=1))
        nodes.append(helper.make_node(activation, [product], [output], name=f"{name}.{activation.lower()}"))
        value = output
        if linear.layer.norm is not None:
            value, epsilon = linear.layer.norm, float(config.get("norm_eps", 1e-5))
            inputs = [output, f"{value}.weight"]
            nodes.append(helper.make_node("LayerNormalization", inputs, [value], name=value, epsilon=epsilon))
    return nodes
