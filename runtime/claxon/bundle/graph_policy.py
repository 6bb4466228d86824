"""What a graph of a bundle may hold: known operators, and outside it only values that the manifest lists.

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
    "Abs", "Add", "Cast", "Clip", "Concat", "Constant", "Div", "Erf", "Exp", "Flatten", "Gather", "Gelu", "Gemm",
    "Identity", "LayerNormalization", "Log", "LogSoftmax", "MatMul", "Max", "Min", "Mul", "Neg", "Pow", "ReduceL1",
    "ReduceL2", "ReduceMax", "ReduceMean", "ReduceSum", "ReduceSumSquare", "Relu", "Reshape", "Sigmoid", "Softmax",
    "Sqrt", "Squeeze", "Sub", "Sum", "Tanh", "Transpose", "Unsqueeze", "Where",
})  # fmt: skip
CHECKED_KEYS = ("location", "offset", "length")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tensor lies in the weights' file, in bytes from the file's beginning."""

    location: str
    offset: int
    length: int


def weight_places(tensors: Mapping[str, Array], content: Buffer, location: str) -> dict[str, Place]:
    """Where each tensor lies in the file that it was read from.

    Args:
        tensors: As ``read_tensors`` gives them: views of ``content``.
        content: The file. Shape: ``(bytes,)``, uint8.
        location: The file's name.
    """
    return {name: Place(location, _address(array) - _address(content), array.nbytes) for name, array in tensors.items()}


def check_graph(
    content: bytes, name: str, places: Mapping[str, Place], operators: frozenset[str] | None = None
) -> None:
    """Raise unless a graph holds what a bundle's graph may.

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
        found = read_graph(content)
    except BundleError as error:
        raise BundleError(f"{name}: {error}") from None
    strange = sorted(found.domains - {*ALLOWED_DOMAINS})
    if strange:
        raise BundleError(f"{name} has operators of the domain {strange[0]!r}, expected ONNX's own and com.microsoft")
    _check_operators({operator.removeprefix("ai.onnx.") for operator in found.operators}, name, operators)
    if found.extras:
        raise BundleError(f"{name} holds {found.extras[0]}, which no graph of a bundle does; export it again")
    for tensor in found.external:
        _check_external(tensor, name, places)


def _check_operators(found: set[str], name: str, allowed: frozenset[str] | None) -> None:
    endless = sorted(found & ENDLESS)
    if endless:
        raise BundleError(f"{name} has the operator {endless[0]}, which may run without end")
    strange = sorted(found - allowed) if allowed is not None else []
    if strange:
        raise BundleError(
            f"{name} has the operator {strange[0]!r:.80}, expected only {', '.join(sorted(allowed or ()))}"
        )


def _check_external(tensor: ExternalTensor, name: str, places: Mapping[str, Place]) -> None:
    asked = dict(tensor.place)
    if not tensor.is_initializer or len(asked) != len(tensor.place):
        raise BundleError(f"{name}: the values of {tensor.name!r:.80} lie outside the graph, which only weights may")
    place = places.get(tensor.name)
    if place is None:
        where = asked.get("location", "nowhere")
        raise BundleError(f"{name}: {tensor.name!r:.80} lies in {where!r:.80}, which the manifest does not list for it")
    expected = {key: str(getattr(place, key)) for key in CHECKED_KEYS}
    if {key: asked.get(key) for key in CHECKED_KEYS} != expected:
        raise BundleError(
            f"{name}: {tensor.name!r:.80} lies at {asked.get('offset')}+{asked.get('length')} of "
            f"{asked.get('location')!r:.80}, the manifest's weights have it at {place.offset}+{place.length} of "
            f"{place.location!r}; export the bundle again"
        )


def _address(array: Array) -> int:
    return int(array.__array_interface__["data"][0])
