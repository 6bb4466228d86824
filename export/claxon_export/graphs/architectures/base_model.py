"""Tensors by the names they have in the base model, whether or not the checkpoint puts the model's name before them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from claxon_export.errors import CheckpointError
from claxon_export.graphs.writer import Array


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A checkpoint's tensors; ``prefix`` is what a model with a classifier writes before the encoder's names."""

    tensors: Mapping[str, Array]
    prefix: str

    def __getitem__(self, name: str) -> Array:
        """The tensor, float32.

        Raises:
            CheckpointError: the checkpoint has none of that name.
        """
        for candidate in (self.prefix + name, name):
            if candidate in self.tensors:
                return self.tensors[candidate]
        raise CheckpointError(f"the checkpoint has no tensor {name!r}, with or without {self.prefix!r} before it")

    def has(self, name: str) -> bool:
        """Whether the checkpoint has a tensor of that name, with the prefix or without."""
        return self.prefix + name in self.tensors or name in self.tensors

    def table(self, name: str, rows: int, width: int) -> Array:
        """A 2-D tensor that must have this shape.

        Raises:
            CheckpointError: it has another; config.json and the weights do not belong together.
        """
        tensor = self[name]
        if tensor.shape != (rows, width):
            raise CheckpointError(f"{name} has shape {tensor.shape}, config.json says {(rows, width)}")
        return tensor
