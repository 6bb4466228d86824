"""skl2onnx's graphs of scalers and a classifier -> one head's graph, without the label output, in our names.

The classifier is computed in float64, as scikit-learn does where the coefficients are float64. The price on
one core, for 768 features and 6 labels: 42 instead of 26 microseconds for 32 texts.

The scalers are float64 or float32, as the caller says. Given float32 features, scikit-learn rounds after
every step; where a scale is tiny that moves its probabilities by more than 1e-5, and which arithmetic comes
nearest differs between its versions (1.5 subtracts a float64 mean, 1.9 a float32 one).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import onnx
from onnx import TensorProto, helper, numpy_helper

from claxon_export.errors import HeadError
from claxon_export.graphs.writer import OPSET
from claxon_export.heads.estimators import FittedClassifier
from claxon_export.heads.head_graph import FEATURES, SCORES, Array, head_model
from claxon_export.requirements import required

ML_OPSET = 3
# Operators of ai.onnx.ml run on the CPU only, and in float32 only; without them skl2onnx writes plain ones.
AVOIDED = frozenset({"LinearClassifier", "Scaler", "Normalizer"})


class Precision(StrEnum):
    """The arithmetic of a part of the graph."""

    FLOAT64 = "float64"
    FLOAT32 = "float32"


TENSORS = {Precision.FLOAT64: TensorProto.DOUBLE, Precision.FLOAT32: TensorProto.FLOAT}


@dataclass(frozen=True, slots=True)
class Body:
    """A part of a graph: nodes from the value ``begin`` to the value ``end``, and their constants."""

    precision: Precision
    begin: str
    end: str
    nodes: list[onnx.NodeProto]
    constants: dict[str, Array]


def convert(fitted: FittedClassifier, scalers: Precision = Precision.FLOAT64) -> bytes:
    """The head's ONNX model.

    Raises:
        HeadError: skl2onnx cannot convert it, or what it gives is not a valid head.
        MissingDependencyError: skl2onnx is not installed.
    """
    bodies = [_body(fitted.classifier, fitted.width, Precision.FLOAT64, "logistic")]
    if fitted.scalers:
        pipeline = required("sklearn.pipeline").make_pipeline(*fitted.scalers)
        bodies.insert(0, _body(pipeline, fitted.width, scalers, "scaler"))
    constants = {name: value for body in bodies for name, value in body.constants.items()}
    return head_model("logistic", _chained(bodies), constants, fitted.width, len(fitted.classes))


def _chained(bodies: Sequence[Body]) -> list[onnx.NodeProto]:
    """From ``features`` through the bodies to ``scores``, each in its own precision."""
    nodes = []
    value = FEATURES
    for body in bodies:
        nodes.append(helper.make_node("Cast", [value], [body.begin], name=body.begin, to=TENSORS[body.precision]))
        nodes.extend(body.nodes)
        value = body.end
    return [*nodes, helper.make_node("Cast", [value], [SCORES], name=SCORES, to=TensorProto.FLOAT)]


def _body(estimator: Any, width: int, precision: Precision, prefix: str) -> Body:
    """What gives the estimator's last output: the scaled features, or the probabilities."""
    graph = _converted(estimator, width, precision).graph
    nodes = _leading_to(graph.output[-1].name, graph.node)
    names = _names(nodes, graph, prefix)
    tensors = [tensor for tensor in graph.initializer if tensor.name in names]
    return Body(
        precision,
        begin=names[graph.input[0].name],
        end=names[graph.output[-1].name],
        nodes=[_renamed(node, names) for node in nodes],
        constants={names[tensor.name]: numpy_helper.to_array(tensor) for tensor in tensors},
    )


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
    except (RuntimeError, ValueError, TypeError, AttributeError) as error:  # skl2onnx raises all of these
        raise HeadError(f"skl2onnx could not convert the estimator: {error}") from error
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
        names[node.output[0]] = name
        for index, value in enumerate(node.input):
            if value in constants:
                names.setdefault(value, f"{name}.constant.{index}")
    return names


def _renamed(node: onnx.NodeProto, names: dict[str, str]) -> onnx.NodeProto:
    attributes: dict[str, Any] = {item.name: helper.get_attribute_value(item) for item in node.attribute}
    inputs = [names.get(value, value) for value in node.input]
    output = names[node.output[0]]
    return helper.make_node(node.op_type, inputs, [output], name=output, domain=node.domain, **attributes)
