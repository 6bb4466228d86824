"""modules.json -> how token states become a sentence embedding: poolings side by side, then steps one after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from claxon_export.checkpoint.hub import read_json, read_json_value
from claxon_export.checkpoint.settings import tables
from claxon_export.checkpoint.settings.audit import SettingsAudit
from claxon_export.checkpoint.weights import Array, open_weights
from claxon_export.errors import CheckpointError


class PoolingMode(StrEnum):
    """How a text's token states become one vector; the names are sentence-transformers'."""

    CLS = "cls"
    MAX = "max"
    MEAN = "mean"
    MEAN_SQRT_LEN = "mean_sqrt_len_tokens"
    WEIGHTED_MEAN = "weightedmean"
    LAST = "lasttoken"


# In the order in which sentence-transformers puts several side by side.
_OLD_POOLING_KEYS = {
    "pooling_mode_cls_token": PoolingMode.CLS,
    "pooling_mode_max_tokens": PoolingMode.MAX,
    "pooling_mode_mean_tokens": PoolingMode.MEAN,
    "pooling_mode_mean_sqrt_len_tokens": PoolingMode.MEAN_SQRT_LEN,
    "pooling_mode_weightedmean_tokens": PoolingMode.WEIGHTED_MEAN,
    "pooling_mode_lasttoken": PoolingMode.LAST,
}
_ACTIVATIONS = {"Identity": "Identity", "Tanh": "Tanh", "ReLU": "Relu", "GELU": "Gelu", "Sigmoid": "Sigmoid"}
_STEPS = ("Dense", "LayerNorm", "Normalize", "Dropout")


@dataclass(frozen=True, slots=True)
class DenseStep:
    """A linear layer and ``activation``, ONNX's name of an operator; its tensors lie in ``folder``."""

    folder: Path
    activation: str
    has_bias: bool = True

    def weight(self) -> Array:
        """As PyTorch stores it. Shape: ``(out, in)``."""
        return open_weights(self.folder)["linear.weight"]

    def bias(self) -> Array:
        """Zeros where the layer has none. Shape: ``(out,)``."""
        weights = open_weights(self.folder)
        return weights["linear.bias"] if self.has_bias else np.zeros(weights.shape("linear.weight")[0], np.float32)


@dataclass(frozen=True, slots=True)
class LayerNormStep:
    """A layer normalization of the embedding, with PyTorch's epsilon; its tensors lie in ``folder``."""

    folder: Path
    epsilon: float = 1e-5

    def weight(self) -> Array:
        """Shape: ``(width,)``."""
        return open_weights(self.folder)["norm.weight"]

    def bias(self) -> Array:
        """Shape: ``(width,)``."""
        return open_weights(self.folder)["norm.bias"]


@dataclass(frozen=True, slots=True)
class NormalizeStep:
    """Unit length."""


Step = DenseStep | LayerNormStep | NormalizeStep


@dataclass(frozen=True, slots=True)
class SentenceModules:
    """What modules.json lists behind the transformer.

    Attributes:
        modes: Poolings, side by side.
        steps: What comes after, in turn; a Dropout does nothing and is left out.
        files: The files read, those of tensors apart.
    """

    modes: tuple[PoolingMode, ...]
    steps: tuple[Step, ...]
    files: tuple[Path, ...]

    def weight_files(self) -> tuple[Path, ...]:
        """The files that the steps' tensors lie in.

        Raises:
            CheckpointError: a step has none, or one is damaged.
        """
        steps = [step for step in self.steps if not isinstance(step, NormalizeStep)]
        return tuple(file for step in steps for file in open_weights(step.folder).files)

    def width(self, width: int, truncate_dim: int | None = None) -> int:
        """Columns of the sentence embedding, from those of a token's state."""
        width *= len(self.modes)
        for step in self.steps:
            width = len(step.weight()) if isinstance(step, DenseStep) else width
        return width if truncate_dim is None else min(width, truncate_dim)


def read_modules(modules_file: Path, audit: SettingsAudit) -> SentenceModules | None:
    """Read modules.json and the folders that it names; ``None`` where it lists the transformer alone.

    Raises:
        CheckpointError: a module is not supported, or in another place; the message names it.
    """
    folder, modules = modules_file.parent, _listed(modules_file)
    for module in modules:
        audit.check("modules.json", module, tables.MODULE)
    kinds = [_kind(modules_file, module) for module in modules]
    paths = [_path(modules_file, module) for module in modules]
    _check_order(modules_file, kinds, paths)
    if len(kinds) == 1:
        return None
    steps, files = [], [folder / paths[1] / "config.json"]
    for kind, path in zip(kinds[2:], paths[2:], strict=True):
        step, read = _step(folder / path, kind, audit)
        steps += step
        files += read
    return SentenceModules(_modes(files[0], audit), tuple(steps), tuple(files))


def _listed(modules_file: Path) -> list[dict[str, Any]]:
    modules = read_json_value(modules_file)
    if not isinstance(modules, list) or not modules or not all(isinstance(module, dict) for module in modules):
        raise CheckpointError(f"{modules_file}: expected a list of modules, each with a type and a path")
    return modules


def _kind(modules_file: Path, module: Mapping[str, Any]) -> str:
    module_type = str(module.get("type", ""))
    kind = module_type.rpartition(".")[2]
    if kind not in ("Transformer", "Pooling", *_STEPS) or not module_type.startswith("sentence_transformers."):
        raise CheckpointError(
            f"{modules_file}: the module {module_type or module} is not supported; can be exported: Transformer, "
            f"Pooling, {', '.join(_STEPS)}, as sentence_transformers has them. Export the transformer alone with "
            "--pooling, from a copy of the folder without modules.json, if its embeddings serve as well"
        )
    return kind


def _path(modules_file: Path, module: Mapping[str, Any]) -> PurePosixPath:
    path = PurePosixPath(str(module.get("path", "")))
    if path.is_absolute() or ".." in path.parts:
        raise CheckpointError(f"{modules_file}: a module's path leaves the checkpoint's folder")
    return path


def _check_order(modules_file: Path, kinds: Sequence[str], paths: Sequence[PurePosixPath]) -> None:
    if kinds[0] != "Transformer" or kinds[1:2] not in ([], ["Pooling"]) or {*kinds[2:]} - {*_STEPS}:
        raise CheckpointError(
            f"{modules_file}: found {' > '.join(kinds)}; supported: Transformer > Pooling, then any of "
            f"{', '.join(_STEPS)}"
        )
    if paths[0].parts:
        raise CheckpointError(
            f"{modules_file}: the transformer is in {paths[0]}/, not beside this file; "
            "give that folder as the source, with --pooling"
        )


def _modes(path: Path, audit: SettingsAudit) -> tuple[PoolingMode, ...]:
    config = read_json(path)
    audit.check(f"{path.parent.name}/config.json", config, tables.POOLING)
    old = [mode for key, mode in _OLD_POOLING_KEYS.items() if config.get(key)]
    modes = config.get("pooling_mode") or old or [PoolingMode.MEAN]  # nothing said is the mean, as in the library
    modes = [modes] if isinstance(modes, str) else list(modes)
    unknown = [mode for mode in modes if mode not in set(PoolingMode)]
    if unknown:
        raise CheckpointError(f"{path}: the pooling is {unknown[0]!r:.80}; supported: {', '.join(PoolingMode)}")
    return tuple(PoolingMode(mode) for mode in modes)


def _step(folder: Path, kind: str, audit: SettingsAudit) -> tuple[list[Step], list[Path]]:
    """The step, or none where it does nothing, and the files read."""
    file = folder / "config.json"
    config = read_json(file) if file.is_file() else {}
    table = {
        "Dense": tables.DENSE,
        "LayerNorm": tables.LAYER_NORM,
        "Normalize": tables.NORMALIZE,
        "Dropout": tables.DROPOUT,
    }[kind]
    audit.check(f"{folder.name}/config.json", config, table)
    files = [file] if file.is_file() else []
    if kind == "Dropout":
        return [], files
    if kind == "Normalize":
        return [NormalizeStep()], files
    if kind == "LayerNorm":
        return [LayerNormStep(folder)], files
    return [DenseStep(folder, _activation(file, config), bool(config.get("bias", True)))], files


def _activation(file: Path, config: Mapping[str, Any]) -> str:
    name = str(config.get("activation_function", "torch.nn.modules.activation.Tanh"))
    kind = name.rpartition(".")[2]
    if kind not in _ACTIVATIONS or not name.startswith("torch."):
        raise CheckpointError(
            f"{file}: activation_function is {name:.80}; supported: torch's {', '.join(_ACTIVATIONS)}"
        )
    return _ACTIVATIONS[kind]
