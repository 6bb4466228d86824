"""Parts of a head's graph: made by skl2onnx and put into operators that heads may hold, or made here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from claxon.bundle.graph_policy import HEAD_OPERATORS
from claxon_export.errors import HeadError
from claxon_export.heads.estimators import linear_parts
from claxon_export.heads.head_graph import Array
from claxon_export.heads.unwrapping import OUTSIDE, SUPPORTED

EXTRACTOR = "ArrayFeatureExtractor"  # of ai.onnx.ml: columns by their places


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


def with_plain_operators(body: Body, name: str) -> Body:
    """The body, its operators those that a head may hold.

    Args:
        body: As skl2onnx wrote it.
        name: Of the step, for the message.

    Raises:
        HeadError: it needs others; the message names them.
    """
    nodes = [_plain(node, body) for node in body.nodes]
    strange = sorted({node.op_type for node in nodes if node.domain not in ("", "ai.onnx")} | _not_allowed(nodes))
    if strange:
        raise HeadError(
            f"{name} needs the operators {', '.join(strange)}, which no head may hold, and cannot be here in a head; "
            f"{SUPPORTED}; {OUTSIDE}"
        )
    return replace(body, nodes=nodes)


def linear_body(estimator: Any, precision: Precision) -> Body:
    """A decision function, ``x W + b``; of two labels it is one number, for the second and against the first."""
    parts = linear_parts(estimator)
    if parts is None:
        raise HeadError(f"{type(estimator).__name__} has no linear decision function; {SUPPORTED}; {OUTSIDE}")
    weight, bias = parts.coefficients, parts.intercepts
    if len(weight) == 1:
        weight, bias = np.concatenate([-weight, weight]), np.concatenate([-bias, bias])
    kind = np.dtype(str(precision))
    nodes = [
        helper.make_node("MatMul", ["linear.features", "linear.weight"], ["linear.matmul"], name="linear.matmul"),
        helper.make_node("Add", ["linear.matmul", "linear.bias"], ["linear.add"], name="linear.add"),
    ]
    constants = {"linear.weight": weight.T.astype(kind), "linear.bias": bias.astype(kind)}
    return Body(precision, "linear.features", "linear.add", nodes, constants)


class Link(StrEnum):
    """What makes probabilities of a linear function's values."""

    SIGMOID = "sigmoid"
    SOFTMAX = "softmax"
    ONE_VS_REST = "sigmoids divided by their sum"


def linked_body(estimator: Any, link: Link, precision: Precision) -> Body:
    """The probabilities of a linear classifier by one of the usual formulas; which is right, the comparison says."""
    body = linear_body(estimator, precision)
    nodes, constants, last = list(body.nodes), dict(body.constants), "linear.probabilities"
    if link is Link.SOFTMAX:
        nodes.append(helper.make_node("Softmax", [body.end], [last], name=last, axis=-1))
        return replace(body, end=last, nodes=nodes)
    nodes.append(helper.make_node("Sigmoid", [body.end], ["linear.sigmoid"], name="linear.sigmoid"))
    if link is Link.SIGMOID:
        return replace(body, end="linear.sigmoid", nodes=nodes)
    nodes += [
        helper.make_node("ReduceSum", ["linear.sigmoid", "linear.axis"], ["linear.sum"], name="linear.sum", keepdims=1),
        # Where no label is likely at all, scikit-learn leaves zeros.
        helper.make_node("Max", ["linear.sum", "linear.least"], ["linear.divisor"], name="linear.divisor"),
        helper.make_node("Div", ["linear.sigmoid", "linear.divisor"], [last], name=last),
    ]
    constants |= {"linear.axis": np.array([1], np.int64), "linear.least": np.finfo(str(precision)).tiny.reshape(1)}
    return replace(body, end=last, nodes=nodes, constants=constants)


def constant_body(value: float, prefix: str, precision: Precision) -> Body:
    """One column that has the same value for every text: a label that every training text had, or none."""
    begin, column, zero, end = (f"{prefix}.{part}" for part in ("features", "column", "zero", "constant"))
    nodes = [
        helper.make_node("Gather", [begin, f"{column}.place"], [column], name=column, axis=1),
        helper.make_node("Mul", [column, f"{zero}.factor"], [zero], name=zero),
        helper.make_node("Add", [zero, f"{end}.value"], [end], name=end),
    ]
    kind = np.dtype(str(precision))
    constants = {f"{zero}.factor": np.zeros(1, kind), f"{end}.value": np.full(1, value, kind)}
    return Body(precision, begin, end, nodes, {**constants, f"{column}.place": np.array([0], np.int64)})


def side_by_side(parts: Sequence[Body], places: Sequence[int], precision: Precision) -> Body:
    """One column of each part, beside each other; all parts read the same values.

    Args:
        parts: Bodies whose names differ.
        places: Which column of each.
        precision: Of all parts.
    """
    begin, end = "labels.features", "labels.concat"
    nodes: list[onnx.NodeProto] = []
    constants: dict[str, Array] = {}
    columns: list[str] = []
    for place, (part, column) in enumerate(zip(parts, places, strict=True)):
        chosen, index = f"label.{place}.chosen", f"label.{place}.index"
        nodes.append(helper.make_node("Identity", [begin], [part.begin], name=part.begin))
        nodes.extend(part.nodes)
        nodes.append(helper.make_node("Gather", [part.end, index], [chosen], name=chosen, axis=1))
        constants |= {**part.constants, index: np.array([column], np.int64)}
        columns.append(chosen)
    nodes.append(helper.make_node("Concat", columns, [end], name=end, axis=1))
    return Body(precision, begin, end, nodes, constants)


def _plain(node: onnx.NodeProto, body: Body) -> onnx.NodeProto:
    """The same in an operator of ONNX's own, where there is one."""
    if node.op_type != EXTRACTOR or node.input[1] not in body.constants:
        return node
    places = body.constants[node.input[1]]
    body.constants[node.input[1]] = places.reshape(-1)
    return helper.make_node("Gather", list(node.input), list(node.output), name=node.name, axis=-1)


def _not_allowed(nodes: Sequence[onnx.NodeProto]) -> set[str]:
    return {node.op_type for node in nodes} - HEAD_OPERATORS
