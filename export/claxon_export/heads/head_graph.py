"""A finished head, and the last steps of making its graph: check it, and turn it into bytes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from claxon.bundle.manifest import Feature, HeadKind, LabelValue, Parity, ScoreKind
from claxon_export.errors import HeadError
from claxon_export.graphs.writer import IR_VERSION, OPSET

Array = np.ndarray[Any, Any]

FEATURES = "features"
SCORES = "scores"
LOGITS = "logits"


@dataclass(frozen=True, slots=True)
class HeadGraph:
    """A head without a name: everything else that a bundle's manifest says of it, and its graph.

    Attributes:
        graph: The ONNX model, weights inside.
        temperature: Turns cosines into probabilities, ``softmax(cosine / temperature)``; ``None`` leaves them
            cosines.
        thresholds: From which on each of labels that do not exclude each other holds; ``None`` is 0.5 for all.
        parity: How far the graph is from what it was converted from, where there is such a thing.
        details: For people: versions, regularization, phrasings.

    Raises:
        HeadError: too few labels for the kind of scores, one that is repeated or no plain value, a temperature that is
            not above 0, or not one threshold a label.
    """

    kind: HeadKind
    feature: Feature
    labels: tuple[LabelValue, ...]
    scores: ScoreKind
    graph: bytes
    temperature: float | None = None
    details: Mapping[str, LabelValue] = field(default_factory=dict)
    parity: Parity | None = None
    thresholds: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        check_labels(self.labels, self.scores)
        if self.thresholds is not None and len(self.thresholds) != len(self.labels):
            raise HeadError(
                f"found {len(self.thresholds)} thresholds, expected one for each of {len(self.labels)} labels"
            )
        if self.temperature is not None and not (self.temperature > 0 and math.isfinite(self.temperature)):
            raise HeadError(f"temperature is {self.temperature!r}, expected above 0, or None for cosines")


def plain_label(value: Any) -> LabelValue:
    """A label as a plain Python value, numpy's scalars converted.

    Raises:
        HeadError: neither string, integer, boolean nor finite float.
    """
    label = value.item() if isinstance(value, np.generic) else value
    is_finite = not isinstance(label, float) or math.isfinite(label)
    if type(label) not in (str, int, bool, float) or not is_finite:
        raise HeadError(f"a label is {value!r:.80} ({type(value).__name__}), expected str, int, bool or a finite float")
    plain: LabelValue = label
    return plain


def check_labels(labels: Sequence[LabelValue], scores: ScoreKind = ScoreKind.PROBABILITY) -> None:
    """Raise ``HeadError`` unless there are two or more different plain labels; one suffices where none excludes it."""
    for label in labels:
        plain_label(label)
    if len(labels) < (2 if scores.is_exclusive else 1):
        raise HeadError(f"found {len(labels)} label(s), expected two or more to choose among")
    if len(set(labels)) != len(labels):
        raise HeadError(f"labels are repeated among {list(labels)!r:.200}, expected every label once")


def check_label_count(labels: Sequence[LabelValue], result: int) -> None:
    """Raise ``HeadError`` unless there is one label for each of ``found`` classes."""
    if len(labels) != result:
        raise HeadError(f"{len(labels)} labels were given for {result} classes: {list(labels)!r:.200}")


def head_model(
    name: str, nodes: Sequence[onnx.NodeProto], constants: Mapping[str, Array], width: int, labels: int
) -> bytes:
    """A head's model from its nodes: checked, and as bytes.

    Args:
        name: Of the graph.
        nodes: From the value ``features`` to the value ``scores``, each before those that read it. A value ``logits``
            is an output too.
        constants: Weights by name.
        width: Of the features.
        labels: Number of columns of the scores.

    Raises:
        HeadError: a weight is NaN or infinite, or ONNX's checker or its strict shape inference refuses the
            graph.
    """
    check_finite(constants)
    outputs = [SCORES, *(LOGITS for node in nodes if LOGITS in node.output)]
    graph = helper.make_graph(
        list(nodes),
        name,
        [helper.make_tensor_value_info(FEATURES, TensorProto.FLOAT, ["texts", width])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["texts", labels]) for output in outputs],
        [numpy_helper.from_array(np.ascontiguousarray(value), key) for key, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="claxon")
    _check_model(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def check_finite(weights: Mapping[str, Array]) -> None:
    """Raise ``HeadError``, with the name, where a weight is NaN or infinite."""
    for name, value in weights.items():
        if not np.isfinite(value).all():
            count = int(np.sum(~np.isfinite(value)))
            raise HeadError(f"{name} has {count} value(s) that are NaN or infinite; train or load the classifier again")


def _check_model(model: onnx.ModelProto) -> None:
    try:
        onnx.checker.check_model(model)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise HeadError(f"the head's graph is not a valid ONNX model: {error}") from error
