"""What an ONNX file holds, without the onnx package: just enough of protobuf to walk to it.

Every occurrence of a field is looked at, also of those that may stand once: protobuf itself takes the last one, or
merges them, and a graph must not look harmless here and be another there. Field numbers are those of onnx.proto.
Encoding: https://protobuf.dev/programming-guides/encoding
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from claxon.errors import BundleError

MAX_DEPTH = 16
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
LONGEST_TAG, LONGEST_VARINT, LAST_OF_ONE_BYTE = 5, 10, 0x7F

MODEL_GRAPH, MODEL_TRAINING, MODEL_FUNCTION = 7, 20, 25
GRAPH_NODE, GRAPH_INITIALIZER, GRAPH_SPARSE = 1, 5, 15
NODE_OPERATOR, NODE_ATTRIBUTE, NODE_DOMAIN = 4, 5, 7
ATTRIBUTE_TENSORS, ATTRIBUTE_GRAPHS, ATTRIBUTE_SPARSE = (5, 10), (6, 11), (22, 23)
SPARSE_TENSORS = (1, 2)
TENSOR_NAME, TENSOR_EXTERNAL, TENSOR_LOCATION = 8, 13, 14
ENTRY_KEY, ENTRY_VALUE = 1, 2
IS_EXTERNAL = 1
OF_MODEL = (MODEL_GRAPH, MODEL_TRAINING, MODEL_FUNCTION)
OF_GRAPH = (GRAPH_NODE, GRAPH_INITIALIZER, GRAPH_SPARSE)
OF_NODE = (NODE_OPERATOR, NODE_ATTRIBUTE, NODE_DOMAIN)
OF_ATTRIBUTE = (*ATTRIBUTE_TENSORS, *ATTRIBUTE_GRAPHS, *ATTRIBUTE_SPARSE)
OF_TENSOR = (TENSOR_NAME, TENSOR_EXTERNAL, TENSOR_LOCATION)

# A field that is no sequence of bytes has its number for a value; those of a fixed width are passed over.
Value: TypeAlias = bytes | int


@dataclass(frozen=True, slots=True)
class ExternalTensor:
    """A tensor whose values are outside the graph: ``place`` has its ``location``, ``offset`` and ``length``.

    ``is_initializer`` tells whether it is one of the outermost graph's own, which alone can be handed to the engine.
    """

    name: str
    place: tuple[tuple[str, str], ...]
    is_initializer: bool


@dataclass(frozen=True, slots=True)
class GraphContents:
    """What a graph and the graphs inside it hold.

    Attributes:
        operators: How often each occurs, those of other domains than ONNX's own as ``domain.Operator``.
        domains: Of all operators.
        external: Tensors with values outside.
        extras: Kinds of parts that no graph of a bundle needs, and this one has.
    """

    operators: Counter[str] = field(default_factory=Counter)
    domains: set[str] = field(default_factory=set)
    external: list[ExternalTensor] = field(default_factory=list)
    extras: list[str] = field(default_factory=list)


def read_graph(content: bytes) -> GraphContents:
    """The contents of an ONNX file.

    Raises:
        BundleError: the bytes are no ONNX file, or graphs are nested deeper than ``MAX_DEPTH``.
    """
    found = GraphContents()
    try:
        for number, value in fields(content, OF_MODEL):
            if number == MODEL_GRAPH:
                _read_graph(message_of(value), found, depth=0)
            else:
                found.extras.append("functions" if number == MODEL_FUNCTION else "training graphs")
    except (IndexError, UnicodeDecodeError) as error:
        raise BundleError(f"the graph is no ONNX file: {error}") from None
    return found


def _read_graph(graph: bytes, found: GraphContents, *, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise IndexError(f"graphs are nested deeper than {MAX_DEPTH} levels")
    for number, value in fields(graph, OF_GRAPH):
        if number == GRAPH_NODE:
            _read_node(message_of(value), found, depth)
        elif number == GRAPH_INITIALIZER:
            _read_tensor(message_of(value), found, is_initializer=depth == 0)
        else:
            _read_sparse(message_of(value), found)


def _read_node(node: bytes, found: GraphContents, depth: int) -> None:
    operator, domain = "", ""
    for number, value in fields(node, OF_NODE):
        if number == NODE_OPERATOR:
            operator = text_of(value)
        elif number == NODE_DOMAIN:
            domain = text_of(value)
            found.domains.add(domain)
        else:
            _read_attribute(message_of(value), found, depth)
    found.operators[f"{domain}.{operator}" if domain else operator] += 1


def _read_attribute(attribute: bytes, found: GraphContents, depth: int) -> None:
    for number, value in fields(attribute, OF_ATTRIBUTE):
        if number in ATTRIBUTE_TENSORS:
            _read_tensor(message_of(value), found, is_initializer=False)
        elif number in ATTRIBUTE_GRAPHS:
            _read_graph(message_of(value), found, depth=depth + 1)
        else:
            _read_sparse(message_of(value), found)


def _read_sparse(sparse: bytes, found: GraphContents) -> None:
    found.extras.append("sparse tensors")  # which the engine writes out in full, whatever their size
    for _, value in fields(sparse, SPARSE_TENSORS):
        _read_tensor(message_of(value), found, is_initializer=False)


def _read_tensor(tensor: bytes, found: GraphContents, *, is_initializer: bool) -> None:
    name, is_external, place = "", False, []
    for number, value in fields(tensor, OF_TENSOR):
        if number == TENSOR_NAME:
            name = text_of(value)
        elif number == TENSOR_LOCATION:
            is_external |= value == IS_EXTERNAL
        else:
            place.append(_entry(message_of(value)))
    if is_external or place:
        found.external.append(ExternalTensor(name, tuple(place), is_initializer))


def _entry(entry: bytes) -> tuple[str, str]:
    texts = {number: text_of(value) for number, value in fields(entry, (ENTRY_KEY, ENTRY_VALUE))}
    return texts.get(ENTRY_KEY, ""), texts.get(ENTRY_VALUE, "")


def message_of(value: Value) -> bytes:
    """The bytes of a field that is a message.

    Raises:
        IndexError: it is a number.
    """
    if isinstance(value, int):
        raise IndexError("a number stands where a message belongs")
    return value


def text_of(value: Value) -> str:
    """The text of a field that is one.

    Raises:
        IndexError, UnicodeDecodeError: it is none.
    """
    return str(message_of(value), "utf-8")


def fields(message: bytes, wanted: tuple[int, ...]) -> Iterator[tuple[int, Value]]:
    """Number and value of every field whose number is wanted; the others are passed over.

    Raises:
        IndexError: the bytes are no message.
    """
    position, size = 0, len(message)
    while position < size:
        tag = message[position]
        position += 1
        if tag > LAST_OF_ONE_BYTE:
            tag, position = _varint(message, position - 1, LONGEST_TAG)
        kind = tag & 7
        if kind in (BYTES, VARINT):
            value = message[position]
            position += 1
            if value > LAST_OF_ONE_BYTE:
                value, position = _varint(message, position - 1, LONGEST_VARINT)
            if kind == BYTES:
                position += value
                if tag >> 3 in wanted:
                    yield tag >> 3, message[position - value : position]
            elif tag >> 3 in wanted:
                yield tag >> 3, value
        elif kind in (FIXED32, FIXED64):
            position += 4 if kind == FIXED32 else 8
        else:
            raise IndexError(f"unknown wire type {kind}")
        if position > size:
            raise IndexError("a field is cut off")


def numbers_of(value: Value) -> list[int]:
    """The numbers of a repeated field's occurrence: one, or several that are packed.

    Raises:
        IndexError: the bytes are no numbers.
    """
    if isinstance(value, int):
        return [value]
    found, position = [], 0
    while position < len(value):
        number, position = _varint(value, position, LONGEST_VARINT)
        found.append(number)
    return found


def _varint(message: bytes, position: int, longest: int) -> tuple[int, int]:
    """The number that begins at ``position``, and where it ends."""
    value = 0
    for length in range(longest):
        byte = message[position + length]
        value |= (byte & 0x7F) << 7 * length
        if byte <= LAST_OF_ONE_BYTE:
            return value, position + length + 1
    raise IndexError("a number is too long")
