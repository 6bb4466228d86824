"""What a bundle's graph may contain: known operators, and external values only if the manifest lists them.

A graph can name any file of the machine as the place of its values, and operators of other libraries. So it is looked
through before ONNX Runtime sees it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.bundle.onnx_reader import ExternalTensor, read_graph
from claxon.bundle.safetensors import Buffer
from claxon.errors import BundleError

Array = np.ndarray[Any, Any]

ALLOWED_DOMAINS = ("", "ai.onnx", "com.microsoft")
# They run for as long as the graph says.
ENDLESS = frozenset({"Loop", "Scan", "SequenceMap"})
# What heads are made of: none of these takes a size from a value, and so makes gigabytes of a file of a kilobyte.
HEAD_OPERATORS = frozenset({
    "Abs", "Add", "And", "Cast", "Clip", "Concat", "Constant", "Div", "Equal", "Erf", "Exp", "Flatten", "Gather",
    "Gelu", "Gemm", "Greater", "GreaterOrEqual", "Identity", "LayerNormalization", "Less", "LessOrEqual", "Log",
    "LogSoftmax", "LpNormalization", "MatMul",
    "Max", "Min", "Mul", "Neg", "Not", "Or", "Pow", "Reciprocal", "ReduceL1", "ReduceL2", "ReduceLogSumExp",
    "ReduceMax", "ReduceMean", "ReduceSum", "ReduceSumSquare", "Relu", "Reshape", "Sigmoid", "Slice", "Softmax", "Sqrt",
    "Squeeze", "Sub", "Sum", "Tanh", "Transpose", "Unsqueeze", "Where",
})  # fmt: skip
CHECKED_KEYS = ("location", "offset", "length")


@dataclass(frozen=True, slots=True)
class Place:
    """The position of a tensor in the weights file, in bytes from the start of the file."""

    location: str
    offset: int
    length: int


def weight_places(tensors: Mapping[str, Array], content: Buffer, location: str) -> dict[str, Place]:
    """Return the position of each tensor in the file that it was read from.

    Args:
        tensors: As ``read_tensors`` gives them: views of ``content``.
        content: The file. Shape: ``(bytes,)``, uint8.
        location: The file's name.
    """
    return {name: Place(location, _address(array) - _address(content), array.nbytes) for name, array in tensors.items()}


def check_graph(
    content: bytes, name: str, places: Mapping[str, Place], operators: frozenset[str] | None = None
) -> None:
    """Raise unless a graph contains only what is allowed in a bundle.

    Args:
        content: The ONNX file.
        name: Of the file, for the message.
        places: Values outside the graph that it may name; none for a head.
        operators: It may hold these alone; ``None`` for all that end.

    Raises:
        BundleError: no ONNX file; an operator of another domain, a loop, or not one of ``operators``; functions or
            training graphs; values outside the graph that are not the manifest's weights, or lie elsewhere in them.
    """
    try:
        graph = read_graph(content)
    except BundleError as error:
        raise BundleError(f"{name}: {error}") from None
    strange = sorted(graph.domains - {*ALLOWED_DOMAINS})
    if strange:
        raise BundleError(
            f"{name} contains operators of the domain {strange[0]!r}, expected ONNX's own and com.microsoft"
        )
    _check_operators({operator.removeprefix("ai.onnx.") for operator in graph.operators}, name, operators)
    if graph.extras:
        raise BundleError(
            f"{name} contains {graph.extras[0]}, which a bundle's graph must not contain; export it again"
        )
    for tensor in graph.external:
        _check_external(tensor, name, places)


def _check_operators(used: set[str], name: str, allowed: frozenset[str] | None) -> None:
    endless = sorted(used & ENDLESS)
    if endless:
        raise BundleError(f"{name} contains the operator {endless[0]}, which may run forever")
    strange = sorted(used - allowed) if allowed is not None else []
    if strange:
        raise BundleError(
            f"{name} contains the operator {strange[0]!r:.80}, expected only {', '.join(sorted(allowed or ()))}"
        )


def _check_external(tensor: ExternalTensor, name: str, places: Mapping[str, Place]) -> None:
    actual = dict(tensor.place)
    if not tensor.is_initializer or len(actual) != len(tensor.place):
        raise BundleError(
            f"{name}: the values of {tensor.name!r:.80} are stored outside the graph; only weights may be"
        )
    place = places.get(tensor.name)
    if place is None:
        where = actual.get("location", "nowhere")
        raise BundleError(
            f"{name}: {tensor.name!r:.80} is stored in {where!r:.80}, which the manifest does not list for it"
        )
    expected = {key: str(getattr(place, key)) for key in CHECKED_KEYS}
    if {key: actual.get(key) for key in CHECKED_KEYS} != expected:
        raise BundleError(
            f"{name}: {tensor.name!r:.80} is stored at {actual.get('offset')}+{actual.get('length')} of "
            f"{actual.get('location')!r:.80}, expected {place.offset}+{place.length} of "
            f"{place.location!r}; export the bundle again"
        )


def _address(array: Array) -> int:
    return int(array.__array_interface__["data"][0])
