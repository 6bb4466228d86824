"""The safetensors format: bytes -> named arrays, without a copy.

A file is eight bytes of header length (little-endian), a JSON header ``{name: {dtype, shape, data_offsets}}``, and the
tensors' bytes. Format: https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.errors import BundleError
from claxon.storage.strict_json import StrictJSONError, parse

MAX_HEADER_BYTES = 16 << 20
DTYPES: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
}

Buffer = np.ndarray[tuple[int], np.dtype[np.uint8]]


@dataclass(frozen=True, slots=True)
class Layout:
    """The layout of a safetensors file: the header's entries, and the offset that theirs are relative to."""

    entries: dict[str, Any]
    body_offset: int


def read_layout(content: Buffer) -> Layout:
    """Read the layout of a safetensors file.

    Args:
        content: The file, or its beginning with the whole header. Shape: ``(bytes,)``, uint8.

    Raises:
        BundleError: the header is cut off, too large or not a JSON object.
    """
    length = int.from_bytes(content[:8].tobytes(), "little")
    if len(content) < 8 or length > min(MAX_HEADER_BYTES, len(content) - 8):
        raise BundleError(f"the safetensors header is cut off or larger than {MAX_HEADER_BYTES} bytes")
    try:
        entries = parse(content[8 : 8 + length].tobytes())
    except StrictJSONError as error:
        raise BundleError(f"invalid safetensors header: {error}") from None
    if not isinstance(entries, dict):
        raise BundleError("the safetensors header is not an object")
    entries.pop("__metadata__", None)
    return Layout(entries, 8 + length)


def read_tensors(content: Buffer) -> dict[str, np.ndarray[Any, Any]]:
    """Return the named arrays of a safetensors file, as views of ``content``.

    Args:
        content: The file. Shape: ``(bytes,)``, uint8.

    Raises:
        BundleError: a dtype, shape or offset that does not fit the file.
    """
    layout = read_layout(content)
    body = content[layout.body_offset :]
    return {name: _tensor(name, entry, body) for name, entry in layout.entries.items()}


def _tensor(name: str, entry: Any, body: Buffer) -> np.ndarray[Any, Any]:
    try:
        dtype = DTYPES[entry["dtype"]]
        shape = _whole_numbers(entry["shape"])
        begin, end = _whole_numbers(entry["data_offsets"])
    except (KeyError, TypeError, ValueError):
        raise BundleError(f"the safetensors entry {name!r:.80} is not supported by this version") from None
    if not begin <= end <= len(body):
        raise BundleError(f"the safetensors entry {name!r:.80} points outside the file")
    if end - begin != math.prod(shape) * dtype.itemsize:
        raise BundleError(
            f"the safetensors entry {name!r:.80} has {end - begin} bytes, which its shape and dtype do not match"
        )
    try:
        return body[begin:end].view(dtype).reshape(shape)
    except (ValueError, OverflowError):
        raise BundleError(f"the safetensors entry {name!r:.80} has an impossible shape") from None


def _whole_numbers(values: Any) -> tuple[int, ...]:
    if not all(type(value) is int and value >= 0 for value in values):
        raise ValueError("not whole numbers")
    return tuple(values)
