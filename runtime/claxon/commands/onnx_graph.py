"""The operators of an ONNX file, without the onnx package: just enough of protobuf to walk to them. Pure.

Field numbers are those of onnx.proto: a model's graph is field 7, a graph's nodes are field 1, a node's ``op_type`` is
field 4 and its domain field 7. Encoding: https://protobuf.dev/programming-guides/encoding
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from claxon.errors import BundleError

MODEL_GRAPH, GRAPH_NODE, NODE_OPERATOR, NODE_DOMAIN = 7, 1, 4, 7
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


@dataclass(frozen=True, slots=True)
class _Varint:
    value: int
    end: int


def read_graph(content: bytes) -> dict[str, int]:
    """How often each operator occurs, the commonest first; those of other domains as ``domain.Operator``.

    Raises:
        BundleError: the bytes are no ONNX file.
    """
    try:
        graphs = _messages(memoryview(content), MODEL_GRAPH)
        operators = [_operator(node) for graph in graphs for node in _messages(graph, GRAPH_NODE)]
    except (IndexError, UnicodeDecodeError) as error:
        raise BundleError(f"the graph is no ONNX file: {error}") from None
    return dict(Counter(operators).most_common())


def _operator(node: memoryview) -> str:
    name, domain = (next(_messages(node, field), memoryview(b"")).tobytes() for field in (NODE_OPERATOR, NODE_DOMAIN))
    return ".".join(part.decode() for part in (domain, name) if part)


def _messages(message: memoryview, field: int) -> Iterator[memoryview]:
    """The contents of every length-delimited field of that number."""
    position = 0
    while position < len(message):
        tag = _varint(message, position)
        number, kind = tag.value >> 3, tag.value & 7
        start = tag.end
        if kind == BYTES:
            length = _varint(message, tag.end)
            start, position = length.end, length.end + length.value
        elif kind == VARINT:
            position = _varint(message, tag.end).end
        elif kind in (FIXED32, FIXED64):
            position = tag.end + (4 if kind == FIXED32 else 8)
        else:
            raise IndexError(f"unknown wire type {kind}")
        if position > len(message):
            raise IndexError("a field is cut off")
        if kind == BYTES and number == field:
            yield message[start:position]


def _varint(message: memoryview, position: int) -> _Varint:
    value = shift = 0
    while message[position] & 0x80:
        value |= (message[position] & 0x7F) << shift
        shift += 7
        position += 1
    return _Varint(value | message[position] << shift, position + 1)
