"""skl2onnx's graphs of scalers and a classifier -> one head's graph, without the label output, in our names.

The classifier is computed in float64, as scikit-learn does where the coefficients are float64. The price on
one core, for 768 features and 6 labels: 42 instead of 26 microseconds for 32 texts.

The scalers are float64 or float32, as the caller says. Given float32 features, scikit-learn rounds after
every step; where a scale is tiny that moves its probabilities by more than 1e-5, and which arithmetic comes
nearest differs between its versions (1.5 subtracts a float64 mean, 1.9 a float32 one).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from claxon.bundle.manifest import ScoreKind
from claxon_export.errors import HeadError
from claxon_export.graphs.writer import OPSET
from claxon_export.heads.bodies import (
    TENSORS,
    Body,
    Link,
    Precision,
    constant_body,
    linear_body,
    linked_body,
    side_by_side,
    with_plain_operators,
)
from claxon_export.heads.estimators import FittedClassifier
from claxon_export.heads.head_graph import FEATURES, SCORES, head_model
from claxon_export.heads.unwrapping import OUTSIDE, SUPPORTED
from claxon_export.requirements import required

ML_OPSET = 3
CONSTANT = "_ConstantPredictor"  # what a OneVsRestClassifier has for a label that all texts have, or none
# Operators of ai.onnx.ml run on the CPU only, and in float32 only; without them skl2onnx writes plain ones.
AVOIDED = frozenset({"LinearClassifier", "LinearRegressor", "Scaler", "Normalizer"})


def convert(
    fitted: FittedClassifier,
    scalers: Precision = Precision.FLOAT64,
    classifier: Precision = Precision.FLOAT64,
    link: Link | None = None,
) -> bytes:
    """The head's ONNX model.

    Args:
        fitted: What is converted.
        scalers: The arithmetic of the steps before the last.
        classifier: The arithmetic of the last step: few of skl2onnx's converters know float32 alone.
        link: Write a linear classifier by this formula, without skl2onnx.

    Raises:
        HeadError: skl2onnx cannot convert it, what it gives is not a valid head, or holds operators that no head may.
        MissingDependencyError: skl2onnx is not installed.
    """
    bodies = []
    width = fitted.width
    if fitted.scalers:
        bodies.append(_scaler_body(fitted, scalers))
        width = _width_after(fitted)
    bodies.append(
        _last_body(fitted, width, classifier) if link is None else linked_body(fitted.classifier, link, classifier)
    )
    constants = {name: value for body in bodies for name, value in body.constants.items()}
    return head_model("logistic", _chained(bodies), constants, fitted.width, len(fitted.classes))


def _scaler_body(fitted: FittedClassifier, precision: Precision) -> Body:
    """From the features to the scaled ones; a step that cannot be written is named."""
    pipeline = required("sklearn.pipeline").make_pipeline(*fitted.scalers)
    try:
        return _body(pipeline, fitted.width, precision, "scaler", "the steps before the last")
    except HeadError:
        for step in fitted.steps[:-1]:
            width = getattr(step.estimator, "n_features_in_", fitted.width)
            _body(step.estimator, width, precision, "scaler", step.name)
        raise


def _width_after(fitted: FittedClassifier) -> int:
    """How many values the scalers give."""
    rows = np.zeros((1, fitted.width), np.float32)
    for scaler in fitted.scalers:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # names of a data frame's columns; zeros that a logarithm does not like
            rows = scaler.transform(rows)
    return int(rows.shape[1])


def _last_body(fitted: FittedClassifier, width: int, precision: Precision) -> Body:
    """From the scaled features to the scores."""
    name, classifier = fitted.steps[-1].name, fitted.classifier
    if fitted.scores is ScoreKind.DECISION:
        return linear_body(classifier, precision)
    if fitted.scores is not ScoreKind.MULTI_LABEL or not hasattr(classifier, "estimators_"):
        return _body(classifier, width, precision, "logistic", name)
    parts = [
        constant_body(float(part.y_[0]), f"label.{place}", precision)
        if type(part).__name__ == CONSTANT
        else _body(part, width, precision, f"label.{place}", f"{name}: an inner estimator")
        for place, part in enumerate(classifier.estimators_)
    ]
    return side_by_side(parts, [_place_of_one(part) for part in classifier.estimators_], precision)


def _place_of_one(part: Any) -> int:
    """The column of the probability that the label holds."""
    if type(part).__name__ == CONSTANT:
        return 0
    return list(part.classes_).index(1)


def _chained(bodies: Sequence[Body]) -> list[onnx.NodeProto]:
    """From ``features`` through the bodies to ``scores``, each in its own precision."""
    nodes = []
    value = FEATURES
    for body in bodies:
        nodes.append(helper.make_node("Cast", [value], [body.begin], name=body.begin, to=TENSORS[body.precision]))
        nodes.extend(body.nodes)
        value = body.end
    return [*nodes, helper.make_node("Cast", [value], [SCORES], name=SCORES, to=TensorProto.FLOAT)]


def _body(estimator: Any, width: int, precision: Precision, prefix: str, name: str) -> Body:
    """What gives the estimator's last output: the scaled features, or the probabilities."""
    graph = _converted(estimator, width, precision).graph
    nodes = _leading_to(graph.output[-1].name, graph.node)
    names = _names(nodes, graph, prefix)
    constants = {
        names[tensor.name]: numpy_helper.to_array(tensor) for tensor in graph.initializer if tensor.name in names
    }
    body = Body(
        precision,
        begin=names[graph.input[0].name],
        end=names[graph.output[-1].name],
        nodes=[_renamed(node, names) for node in nodes],
        constants=constants,
    )
    return with_plain_operators(body, f"{name}, a {type(estimator).__name__} ({type(estimator).__module__}),")


def _converted(estimator: Any, width: int, precision: Precision) -> onnx.ModelProto:
    skl2onnx = required("skl2onnx")
    types = required("skl2onnx.common.data_types")
    tensor = types.DoubleTensorType if precision == Precision.FLOAT64 else types.FloatTensorType
    is_classifier = hasattr(estimator, "classes_")
    try:
        model: onnx.ModelProto = skl2onnx.convert_sklearn(
            estimator,
            initial_types=[(FEATURES, tensor([None, width]))],
            options={"zipmap": False} if is_classifier else None,
            target_opset={"": OPSET, "ai.onnx.ml": ML_OPSET},
            black_op=set(AVOIDED),
        )
    except Exception as error:  # skl2onnx raises whatever its converters raise, bare Exception among it
        kind = type(estimator)
        reason = " ".join(str(error).split())
        raise HeadError(
            f"skl2onnx could not convert the estimator: {kind.__name__} ({kind.__module__}): {reason:.300}; "
            f"{SUPPORTED}; {OUTSIDE}"
        ) from error
    return model


def _leading_to(value: str, nodes: Sequence[onnx.NodeProto]) -> list[onnx.NodeProto]:
    """The nodes that ``value`` needs; ONNX has each after those that it reads."""
    needed = {value}
    kept = []
    for node in reversed(nodes):
        if needed.intersection(node.output):
            kept.append(node)
            needed.update(node.input)
    return kept[::-1]


def _names(nodes: Sequence[onnx.NodeProto], graph: onnx.GraphProto, prefix: str) -> dict[str, str]:
    """Old name of a value -> new name: what its node does, numbered where several do the same."""
    names = {graph.input[0].name: f"{prefix}.{FEATURES}"}
    constants = {tensor.name for tensor in graph.initializer}
    done: dict[str, int] = {}
    for node in nodes:
        kind = node.op_type.lower()
        done[kind] = done.get(kind, 0) + 1
        name = f"{prefix}.{kind}" if done[kind] == 1 else f"{prefix}.{kind}.{done[kind]}"
        for index, value in enumerate(node.output):
            names[value] = f"{name}.output.{index}" if index else name
        for index, value in enumerate(node.input):
            if value in constants:
                names.setdefault(value, f"{name}.constant.{index}")
    return names


def _renamed(node: onnx.NodeProto, names: dict[str, str]) -> onnx.NodeProto:
    attributes: dict[str, Any] = {item.name: helper.get_attribute_value(item) for item in node.attribute}
    inputs = [names.get(value, value) for value in node.input]
    outputs = [names[value] for value in node.output]
    return helper.make_node(node.op_type, inputs, outputs, name=outputs[0], domain=node.domain, **attributes)
