"""A checkpoint's tensors by name, read when asked for.

A safetensors file is mapped into memory, not read: a float32 tensor comes back as a view of the file, so that
all-mpnet-base-v2's 438 MB are held once, in pages that the system may drop, and never copied.
Format: https://huggingface.co/docs/safetensors (8 bytes of header length, a JSON header, the tensors).
"""

from __future__ import annotations

import difflib
import importlib
import json
import math
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from safetensors import SafetensorError, safe_open

from claxon_export.checkpoint.hub import read_json
from claxon_export.errors import CheckpointError

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

_STORED = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",  # numpy has no bfloat16: the bits are widened by hand
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U8": "u1",
    "BOOL": "?",
}
_FLOATS = frozenset({"F64", "F32", "F16", "BF16"})

# Checkpoints converted from TensorFlow name LayerNorm's parameters so; transformers renames them too.
_OLD_ENDINGS = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}


class MissingTensorError(CheckpointError, KeyError):
    """The checkpoint has no tensor of that name; a ``KeyError`` too, as a mapping's must be."""

    def __str__(self) -> str:
        """The message as it is: a ``KeyError`` would quote it."""
        return str(self.args[0])


class TensorFile(Protocol):
    """One file of tensors."""

    path: Path

    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Every tensor's shape, by its name in the file."""

    def parameter_count(self) -> int:
        """How many numbers the floating-point tensors hold."""

    def read(self, name: str) -> Array:
        """One tensor: float32 and C-contiguous, or an integer or boolean buffer as it is."""


class Weights(Mapping[str, Array]):
    """The tensors of a checkpoint, by name, read when asked for.

    Floating-point tensors come back float32, C-contiguous and perhaps read-only, whatever they are stored as;
    integer and boolean buffers come back as they are. A missing name raises ``MissingTensorError``.

    Attributes:
        files: The files read, an index of shards included.
        parameter_count: How many numbers the floating-point tensors hold.
    """

    def __init__(self, tensor_files: list[TensorFile], *, index: Path | None = None) -> None:
        """Index the tensors of these files, themselves found by ``index`` where there are shards."""
        self._where = {_modern(name): (file, name) for file in tensor_files for name in file.shapes()}
        self.files = tuple(file.path for file in tensor_files) + ((index,) if index else ())
        self.parameter_count = sum(file.parameter_count() for file in tensor_files)

    def __getitem__(self, name: str) -> Array:
        """The tensor of this name."""
        file, stored_name = self._find(name)
        return file.read(stored_name)

    def __contains__(self, name: object) -> bool:
        """Whether a tensor has this name; nothing is read."""
        return name in self._where

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self._where)

    def __len__(self) -> int:
        """How many tensors there are."""
        return len(self._where)

    def shape(self, name: str) -> tuple[int, ...]:
        """A tensor's shape, without reading it.

        Raises:
            MissingTensorError: No tensor has this name.
        """
        file, stored_name = self._find(name)
        return file.shapes()[stored_name]

    def without_prefix(self, prefix: str) -> Weights:
        """The same tensors, their names without a prefix that all of them have."""
        other = copy(self)
        other._where = {name.removeprefix(prefix): place for name, place in self._where.items()}
        return other

    def _find(self, name: str) -> tuple[TensorFile, str]:
        if name not in self._where:
            nearest = difflib.get_close_matches(name, self._where, n=3) or sorted(self._where)[:3]
            where = ", ".join(str(path) for path in self.files)
            raise MissingTensorError(f"no tensor {name!r} in {where}; the nearest: {', '.join(nearest)}")
        return self._where[name]


def open_weights(folder: Path) -> Weights:
    """Open a checkpoint's weights: safetensors, whole or in shards, else ``.bin`` files with torch installed.

    Raises:
        CheckpointError: There are none, a file is damaged, or only ``.bin`` files are there and torch is not.
    """
    for stem, suffix, opened in (
        ("model", "safetensors", _Safetensors),
        ("pytorch_model", "bin", _open_pickle),
    ):
        whole = folder / f"{stem}.{suffix}"
        if whole.is_file():
            return Weights([opened(whole)])
        index = folder / f"{stem}.{suffix}.index.json"
        if index.is_file():
            return Weights([opened(shard) for shard in _shards(index)], index=index)
    raise CheckpointError(
        f"no weights in {folder}: expected model.safetensors, or shards with model.safetensors.index.json, "
        "or pytorch_model.bin"
    )


def open_file(path: Path) -> TensorFile:
    """Open one file of tensors, ``.safetensors`` or ``.bin``.

    Raises:
        CheckpointError: it is damaged, or a ``.bin`` and torch is not installed.
    """
    return _Safetensors(path) if path.suffix == ".safetensors" else _open_pickle(path)


class _Safetensors:
    """A safetensors file, mapped into memory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._entries = _read_header(path)
        with path.open("rb") as file:
            self._start = int.from_bytes(file.read(8), "little") + 8

    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        return {name: entry.shape for name, entry in self._entries.items()}

    def parameter_count(self) -> int:
        return sum(math.prod(entry.shape) for entry in self._entries.values() if entry.dtype in _FLOATS)

    def read(self, name: str) -> Array:
        entry = self._entries[name]
        if entry.dtype not in _STORED:
            raise CheckpointError(
                f"{self.path}: tensor {name} is {entry.dtype}; can be read: {', '.join(sorted(_STORED))}. "
                "Save the checkpoint in float32 or float16"
            )
        # Mapped anew for each tensor: the pages go when the tensor goes, not when the checkpoint does.
        size, start = entry.end - entry.begin, self._start + entry.begin
        raw = np.memmap(self.path, np.uint8, "r", start, (size,)) if size else np.empty(0, np.uint8)
        stored = np.asarray(raw).view(_STORED[entry.dtype]).reshape(entry.shape)
        if entry.dtype == "BF16":  # a bfloat16 is the upper half of a float32
            return (stored.astype(np.uint32) << 16).view(np.float32)
        requested = np.dtype(np.float32) if entry.dtype in _FLOATS else stored.dtype
        return np.require(stored, dtype=requested, requirements=("C", "ALIGNED"))


@dataclass(frozen=True, slots=True)
class _Entry:
    """A tensor as the header describes it; ``begin`` and ``end`` count bytes from the header's end."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def _read_header(path: Path) -> dict[str, _Entry]:
    try:
        with safe_open(path, framework="numpy"):
            pass  # opening checks the header against the file: lengths, order, no gap, no overlap
    except SafetensorError as error:
        raise CheckpointError(f"{path} is damaged or cut short: {error}; fetch it again") from error
    with path.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    header.pop("__metadata__", None)
    return {
        name: _Entry(entry["dtype"], tuple(entry["shape"]), *entry["data_offsets"]) for name, entry in header.items()
    }


class _Tensors:
    """Tensors that torch has loaded."""

    def __init__(self, path: Path, tensors: Mapping[str, Any]) -> None:
        self.path = path
        self._tensors = tensors

    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        return {name: tuple(tensor.shape) for name, tensor in self._tensors.items()}

    def parameter_count(self) -> int:
        return sum(tensor.numel() for tensor in self._tensors.values() if tensor.is_floating_point())

    def read(self, name: str) -> Array:
        tensor = self._tensors[name].detach()
        array: Array = (tensor.float() if tensor.is_floating_point() else tensor).numpy()
        return np.require(array, requirements=("C",))


def _open_pickle(path: Path) -> TensorFile:
    """Read a ``.bin`` with torch's restricted unpickler, which makes tensors and nothing else."""
    try:
        torch = importlib.import_module("torch")
    except ImportError as error:
        raise CheckpointError(
            f"{path.parent} has its weights in {path.name} only, which needs torch: pip install torch, or convert them "
            'once where torch is: python -c "import torch; from safetensors.torch import save_file; save_file({k: '
            f"v.contiguous().clone() for k, v in torch.load({path.name!r}, weights_only=True).items()}}, "
            "'model.safetensors', {'format': 'pt'})\""
        ) from error
    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds: of pickle, of zip, its own
        raise CheckpointError(f"{path} cannot be read by torch, weights only: {error}") from error
    if not isinstance(tensors, dict) or not all(isinstance(value, torch.Tensor) for value in tensors.values()):
        raise CheckpointError(f"{path} does not contain named tensors; expected a state dict")
    return _Tensors(path, tensors)


def _shards(index: Path) -> list[Path]:
    weight_map = read_json(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise CheckpointError(f"{index} has no weight_map: fetch it again")
    shards = [index.parent / Path(str(name)).name for name in dict.fromkeys(weight_map.values())]
    missing = [shard.name for shard in shards if not shard.is_file()]
    if missing:
        raise CheckpointError(f"{index} lists shards that are not in the folder: {', '.join(missing)}; fetch them")
    return shards


def _modern(name: str) -> str:
    for old, new in _OLD_ENDINGS.items():
        if name.endswith(old):
            return name.removesuffix(old) + new
    return name
