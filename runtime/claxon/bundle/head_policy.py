"""An upper bound for the size of a head's tensors, computed from its shapes before the engine runs it.

A few tensors of a kilobyte multiply to gigabytes, ``(n, 1) + (1, n)`` for instance. What shapes alone do not tell is
taken at its largest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TypeAlias

from claxon.bundle.onnx_reader import (
    GRAPH_INITIALIZER,
    GRAPH_NODE,
    MODEL_GRAPH,
    NODE_ATTRIBUTE,
    NODE_OPERATOR,
    TENSOR_NAME,
    fields,
    message_of,
    numbers_of,
    text_of,
)
from claxon.errors import BundleError

MOST_VALUES = 1 << 27  # 1 GiB of float64; a head for 100,000 labels and a width of 1,024 has 2 ** 26.6
ROWS = 2  # texts
NODE_INPUT, NODE_OUTPUT = 1, 2
ATTRIBUTE_NAME, ATTRIBUTE_INT = 1, 3
TENSOR_DIMS = 1
FEATURES = "features"

# Of these, one input's values come out in another arrangement, or put together with those of the others.
REARRANGING = frozenset({"Concat", "Flatten", "Reshape", "Squeeze", "Transpose", "Unsqueeze"})


@dataclass(frozen=True, slots=True)
class Extent:
    """The size of a tensor: upper bounds of its dimensions, if known, and of its number of values."""

    count: int
    shape: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """An operator with its inputs, outputs and integer attributes."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    numbers: Mapping[str, int]
    size_bytes: int


Extents: TypeAlias = Sequence[Extent]


def check_sizes(content: bytes, name: str, width: int) -> None:
    """Raise if a head creates a tensor of more than ``MOST_VALUES`` values for ``ROWS`` texts.

    Args:
        content: The ONNX file, which ``graph_rules`` has let through.
        name: Of the file, for the message.
        width: Of the features that it reads.

    Raises:
        BundleError: it does; or a node reads what no node before it gives.
    """
    try:
        graphs = [message_of(value) for _, value in fields(content, (MODEL_GRAPH,))]
        known = {FEATURES: _extent((ROWS, width))}
        for graph in graphs:
            known |= _tensors(graph)
        for graph in graphs:
            for _, value in fields(graph, (GRAPH_NODE,)):
                _follow(_node(message_of(value)), known, name)
    except (IndexError, UnicodeDecodeError) as error:
        raise BundleError(f"{name}: not a valid ONNX file: {error}") from None


def _tensors(graph: bytes) -> dict[str, Extent]:
    result = {}
    for _, value in fields(graph, (GRAPH_INITIALIZER,)):
        tensor, shape = "", []
        for number, part in fields(message_of(value), (TENSOR_DIMS, TENSOR_NAME)):
            if number == TENSOR_NAME:
                tensor = text_of(part)
            else:
                shape += numbers_of(part)
        result[tensor] = _extent(tuple(shape))
    return result


def _node(content: bytes) -> Node:
    operator = ""
    inputs: list[str] = []
    outputs: list[str] = []
    numbers: dict[str, int] = {}
    for number, value in fields(content, (NODE_INPUT, NODE_OUTPUT, NODE_OPERATOR, NODE_ATTRIBUTE)):
        if number == NODE_OPERATOR:
            operator = text_of(value)
        elif number == NODE_ATTRIBUTE:
            numbers |= _whole_number(message_of(value))
        else:
            (inputs if number == NODE_INPUT else outputs).append(text_of(value))
    return Node(operator, tuple(inputs), tuple(outputs), numbers, len(content))


def _whole_number(attribute: bytes) -> dict[str, int]:
    """Return an attribute by name, if it is an integer."""
    name, result = "", None
    for number, value in fields(attribute, (ATTRIBUTE_NAME, ATTRIBUTE_INT)):
        if number == ATTRIBUTE_NAME:
            name = text_of(value)
        elif isinstance(value, int):
            result = value - (1 << 64) if value >> 63 else value
    return {} if result is None else {name: result}


def _follow(node: Node, known: dict[str, Extent], name: str) -> None:
    """Add the sizes of the node's outputs to the known ones."""
    missing = [given for given in node.inputs if given and given not in known]
    if missing:
        raise BundleError(
            f"{name}: {node.operator} reads {missing[0]!r:.80}, expected {FEATURES!r}, a tensor of the graph, "
            "or what a node before it gives"
        )
    made = _made(node, [known[given] for given in node.inputs if given])
    if made.count > MOST_VALUES:
        raise BundleError(
            f"{name}: {node.operator} makes up to {made.count:,} values for {ROWS} texts, "
            f"expected at most {MOST_VALUES:,}"
        )
    known |= dict.fromkeys(node.outputs, made)


def _made(node: Node, given: Extents) -> Extent:
    if not given:  # a constant, whose values stand in the node
        return Extent(node.size_bytes)
    if node.operator in ("MatMul", "Gemm"):
        return _together([_product(node, given[0], given[1]), *given[2:]]) if len(given) > 1 else given[0]
    if node.operator == "Gather":
        return _gathered(node, given[0], given[1]) if len(given) > 1 else given[0]
    if node.operator == "Concat":
        return _concatenated(node, given)
    if node.operator in REARRANGING:
        return Extent(sum(extent.count for extent in given))
    if node.operator.startswith("Reduce"):  # without keepdims, what is left stands elsewhere
        return given[0] if node.numbers.get("keepdims", 1) else Extent(given[0].count)
    return _together(given)


def _together(given: Extents) -> Extent:
    """Broadcast the shapes of several values."""
    if len(given) == 1:
        return given[0]
    shapes = [extent.shape if extent.count > 1 else () for extent in given]
    known = [shape for shape in shapes if shape is not None]
    if len(known) < len(shapes):
        return Extent(math.prod(extent.count for extent in given))
    columns = zip_longest(*(reversed(shape) for shape in known), fillvalue=1)
    return _extent(tuple(max(column) for column in columns)[::-1])


def _product(node: Node, left: Extent, right: Extent) -> Extent:
    if left.shape is None or right.shape is None or min(len(left.shape), len(right.shape)) < 2:
        return Extent(left.count * right.count)
    if node.operator == "Gemm":
        rows = left.shape[-1 if node.numbers.get("transA") else -2]
        return _extent((rows, right.shape[-2 if node.numbers.get("transB") else -1]))
    stacked = _together([_extent(left.shape[:-2]), _extent(right.shape[:-2])]).shape or ()
    return _extent((*stacked, left.shape[-2], right.shape[-1]))


def _gathered(node: Node, source: Extent, rows: Extent) -> Extent:
    axis = node.numbers.get("axis", 0)
    if source.shape is None or rows.shape is None or not -len(source.shape) <= axis < len(source.shape):
        return Extent(source.count * rows.count)
    place = axis % len(source.shape)
    return _extent((*source.shape[:place], *rows.shape, *source.shape[place + 1 :]))


def _concatenated(node: Node, given: Extents) -> Extent:
    shapes = [extent.shape for extent in given if extent.shape is not None]
    axis, count = node.numbers.get("axis", 0), sum(extent.count for extent in given)
    ranks = {len(shape) for shape in shapes}
    if len(shapes) < len(given) or len(ranks) > 1 or not -len(shapes[0]) <= axis < len(shapes[0]):
        return Extent(count)
    place = axis % len(shapes[0])
    longest = [max(shape[i] for shape in shapes) for i in range(len(shapes[0]))]
    longest[place] = sum(shape[place] for shape in shapes)
    return _extent(tuple(longest))


def _extent(shape: tuple[int, ...]) -> Extent:
    return Extent(math.prod(max(length, 1) for length in shape), shape)
