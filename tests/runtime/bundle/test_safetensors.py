"""The safetensors reader against the format's own writer, and against files that do not hold together."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from safetensors.numpy import save

from claxon.bundle.safetensors import DTYPES, MAX_HEADER_BYTES, Buffer, read_layout, read_tensors
from claxon.errors import BundleError

ARRAYS = st.sampled_from(list(DTYPES.values())).flatmap(
    lambda dtype: (
        arrays(dtype, st.just(()) | array_shapes(min_side=0, max_side=4), elements={"allow_nan": False})
        if dtype.kind == "f"
        else arrays(dtype, st.just(()) | array_shapes(min_side=0, max_side=4))
    )
)
TENSORS: dict[str, np.ndarray[Any, Any]] = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b": np.array([1, 2], np.int64),
}


def buffer(content: bytes) -> Buffer:
    return np.frombuffer(content, np.uint8)


def written(header: Any, body: bytes = b"") -> Buffer:
    content = json.dumps(header).encode() if not isinstance(header, bytes) else header
    return buffer(len(content).to_bytes(8, "little") + content + body)


@given(st.dictionaries(st.text("abc.", min_size=1, max_size=6), ARRAYS, min_size=1, max_size=4))
def test_files_written_by_the_library_are_read(tensors: dict[str, Any]) -> None:
    found = read_tensors(buffer(save(tensors, metadata={"format": "np"})))
    assert found.keys() == tensors.keys()
    for name, array in tensors.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        np.testing.assert_array_equal(found[name], array)


def test_arrays_are_views_of_the_file() -> None:
    content = buffer(save(TENSORS))
    assert all(np.shares_memory(array, content) for array in read_tensors(content).values())


def test_the_layout_needs_the_header_alone() -> None:
    content = save(TENSORS)
    length = 8 + int.from_bytes(content[:8], "little")
    layout = read_layout(buffer(content[:length]))
    assert layout.body_offset == length
    assert {name: entry["shape"] for name, entry in layout.entries.items()} == {"a": [2, 3], "b": [2]}


def test_a_cut_anywhere_is_an_error() -> None:
    content = save(TENSORS)
    for end in range(len(content)):
        with pytest.raises(BundleError, match="safetensors"):
            read_tensors(buffer(content[:end]))


def test_a_header_length_beyond_the_limit_is_refused() -> None:
    content = np.zeros(MAX_HEADER_BYTES + 64, np.uint8)
    content[:8] = np.frombuffer((MAX_HEADER_BYTES + 1).to_bytes(8, "little"), np.uint8)
    with pytest.raises(BundleError, match="larger than"):
        read_layout(content)


def entry(**changes: Any) -> dict[str, Any]:
    return {"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **changes}}


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"[]", "not an object"),
        (b"{", "not valid JSON"),
        (b'{"x": 1, "x": 2}', "duplicate key 'x'"),
        ({"x": 1}, "'x' is not supported by this version"),
        ({"x": {}}, "'x' is not supported by this version"),
        (entry(dtype="BF16"), "'x' is not supported by this version"),
        (entry(dtype=["F32"]), "'x' is not supported by this version"),
        (entry(shape="2"), "'x' is not supported by this version"),
        (entry(shape=[2.0]), "'x' is not supported by this version"),
        (entry(shape=[-2]), "'x' is not supported by this version"),
        (entry(shape=[True, 2]), "'x' is not supported by this version"),
        (entry(shape=None), "'x' is not supported by this version"),
        (entry(data_offsets=[0]), "'x' is not supported by this version"),
        (entry(data_offsets=[0, 4, 8]), "'x' is not supported by this version"),
        (entry(data_offsets=[-8, 0]), "'x' is not supported by this version"),
        (entry(data_offsets=[8, 0]), "'x' points outside the file"),
        (entry(data_offsets=[1, 9]), "'x' points outside the file"),
        (entry(data_offsets=[0, 10**30]), "'x' points outside the file"),
        (entry(shape=[3]), "'x' has 8 bytes, which its shape and dtype do not match"),
        (entry(shape=[10**30]), "'x' has 8 bytes, which its shape and dtype do not match"),
        (entry(shape=[0, 10**30], data_offsets=[0, 0]), "'x' has an impossible shape"),
        (entry(shape=[1] * 99 + [2]), "'x' has an impossible shape"),
    ],
)
def test_what_does_not_hold_together_is_refused(header: Any, message: str) -> None:
    with pytest.raises(BundleError, match=message):
        read_tensors(written(header, b"\0" * 8))


def test_the_dtypes_have_the_sizes_of_their_names() -> None:
    for name, dtype in DTYPES.items():
        assert dtype.itemsize * 8 == int(name[1:])
        assert math.prod(
            read_tensors(written(entry(dtype=name, shape=[8 // dtype.itemsize]), b"\0" * 8))["x"].shape
        ) == (8 // dtype.itemsize)
