"""A checked ONNX graph -> the part of it that some of its outputs need.

ONNX Runtime computes every node of a graph, whichever outputs are asked for. A graph that has only the wanted outputs
leaves the rest out. Weights are outside the graph, and the names of those that are still read come with it.
Field numbers are those of onnx.proto. Encoding: https://protobuf.dev/programming-guides/encoding
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from claxon.bundle.onnx_reader import (
    ATTRIBUTE_GRAPHS,
    BYTES,
    GRAPH_INITIALIZER,
    GRAPH_NODE,
    LAST_OF_ONE_BYTE,
    MODEL_GRAPH,
    NODE_ATTRIBUTE,
    TENSOR_NAME,
    Value,
    fields,
    message_of,
    text_of,
)

MODEL_IR_VERSION, MODEL_OPSET = 1, 8
GRAPH_NAME, GRAPH_INPUT, GRAPH_OUTPUT, VALUE_NAME = 2, 11, 12, 1
NODE_INPUT, NODE_OUTPUT = 1, 2
# Shapes of inner values and descriptions are left out: they may be of what is gone, and the engine infers shapes.
CONTINUES = 0x80  # of a varint's byte: another one follows
OF_MODEL = (MODEL_IR_VERSION, MODEL_OPSET, MODEL_GRAPH)
OF_GRAPH = (GRAPH_NODE, GRAPH_NAME, GRAPH_INITIALIZER, GRAPH_INPUT, GRAPH_OUTPUT)


@dataclass(frozen=True, slots=True)
class PrunedGraph:
    """An ONNX model, and the names of all values that its nodes read, weights among them."""

    content: bytes
    reads: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Node:
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    has_subgraph: bool


def pruned(content: bytes, outputs: Collection[str]) -> PrunedGraph | None:
    """The model with these of its outputs alone, and with no node that none of them needs.

    Args:
        content: An ONNX model that ``check_graph`` accepts.
        outputs: Names of outputs that it has.

    Returns:
        ``None`` if a node has a graph inside, whose reads are not followed, or an output is missing.
    """
    graphs = [message_of(value) for _, value in fields(content, (MODEL_GRAPH,))]
    if len(graphs) != 1:
        return None
    nodes = [_node(message_of(value)) for _, value in fields(graphs[0], (GRAPH_NODE,))]
    held = {_name(value, VALUE_NAME) for _, value in fields(graphs[0], (GRAPH_OUTPUT,))}
    if any(node.has_subgraph for node in nodes) or not held.issuperset(outputs):
        return None
    is_needed, reads = _needed(nodes, outputs)
    graph = _message(_kept(graphs[0], is_needed, reads, outputs))
    parts = ((number, graph if number == MODEL_GRAPH else value) for number, value in fields(content, OF_MODEL))
    return PrunedGraph(_message(parts), frozenset(reads))


def _needed(nodes: Sequence[_Node], outputs: Collection[str]) -> tuple[list[bool], set[str]]:
    """For each node whether it stays, and what those that stay read. ONNX has nodes in topological order."""
    reads, is_needed = set(outputs), []
    for node in reversed(nodes):
        is_needed.append(not reads.isdisjoint(node.outputs))
        if is_needed[-1]:
            reads.update(node.inputs)
    return is_needed[::-1], reads


def _kept(
    graph: bytes, is_needed: Iterable[bool], reads: Collection[str], outputs: Collection[str]
) -> Iterator[tuple[int, Value]]:
    """The fields of the graph that stay."""
    needed = iter(is_needed)
    for number, value in fields(graph, OF_GRAPH):
        is_gone = (
            (number == GRAPH_NODE and not next(needed))
            or (number == GRAPH_INITIALIZER and _name(value, TENSOR_NAME) not in reads)
            or (number == GRAPH_OUTPUT and _name(value, VALUE_NAME) not in outputs)
        )
        if not is_gone:
            yield number, value


def _node(node: bytes) -> _Node:
    ends: dict[int, list[str]] = {NODE_INPUT: [], NODE_OUTPUT: []}
    has_subgraph = False
    for number, value in fields(node, (NODE_INPUT, NODE_OUTPUT, NODE_ATTRIBUTE)):
        if number == NODE_ATTRIBUTE:
            has_subgraph |= any(True for _ in fields(message_of(value), ATTRIBUTE_GRAPHS))
        elif name := text_of(value):  # an input that is left out has an empty name
            ends[number].append(name)
    return _Node(tuple(ends[NODE_INPUT]), tuple(ends[NODE_OUTPUT]), has_subgraph)


def _name(message: Value, number: int) -> str:
    return next((text_of(value) for _, value in fields(message_of(message), (number,))), "")


def _message(parts: Iterable[tuple[int, Value]]) -> bytes:
    """Fields, encoded: numbers as varints, all else with its length before it."""
    encoded = []
    for number, value in parts:
        if isinstance(value, int):
            encoded += [_varint(number << 3), _varint(value)]
        else:
            encoded += [_varint(number << 3 | BYTES), _varint(len(value)), value]
    return b"".join(encoded)


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > LAST_OF_ONE_BYTE:
        encoded.append(value & LAST_OF_ONE_BYTE | CONTINUES)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
