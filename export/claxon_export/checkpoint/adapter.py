"""A folder with a LoRA adapter -> a whole checkpoint: the base's weights with the adapter's added, in numpy.

Hu et al. 2021, https://arxiv.org/abs/2106.09685: W + B A alpha / r. The names are those that PEFT writes.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from claxon_export.checkpoint.hub import Snapshot, fetch, read_json
from claxon_export.checkpoint.settings.audit import SettingsAudit
from claxon_export.checkpoint.settings.tables import ADAPTER
from claxon_export.checkpoint.weights import Array, Weights, open_file, open_weights
from claxon_export.errors import CheckpointError, CheckpointNotFoundError

SETTINGS = "adapter_config.json"
_WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")
_PREFIX = "base_model.model."
_BASE_PREFIX = {
    "bert": "bert.",
    "distilbert": "distilbert.",
    "mpnet": "mpnet.",
    "roberta": "roberta.",
    "xlm-roberta": "roberta.",
    "camembert": "roberta.",
    "electra": "electra.",
    "albert": "albert.",
    "deberta-v2": "deberta.",
    "modernbert": "model.",
}


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter and no checkpoint."""
    return (folder / SETTINGS).is_file() and not (folder / "config.json").is_file()


def merge_adapter(folder: Path, out: Path, audit: SettingsAudit) -> str:
    """Write the base with the adapter merged as a checkpoint of its own.

    Args:
        folder: The adapter's.
        out: An existing, empty folder.
        audit: Looks at every key of the adapter's settings.

    Returns:
        A note for the manifest.

    Raises:
        CheckpointError: it is no LoRA adapter, of a kind that cannot be merged, or its base is not there.
    """
    settings = read_json(folder / SETTINGS)
    audit.check(SETTINGS, settings, ADAPTER)
    base = _base(folder, settings)
    config = read_json(base.folder / "config.json")
    adapter = _adapter_tensors(folder)
    tensors = _merged(_named(open_weights(base.folder), config), adapter, settings)
    _copy_settings(base.folder, out)
    _copy_settings(folder, out)
    (out / "config.json").write_text(json.dumps(_config(config, settings, tensors)))
    save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, out / "model.safetensors")
    revision = f" at {base.revision}" if base.revision else ""
    return f"the LoRA adapter was merged into {base.name}{revision}"


def _base(folder: Path, settings: Mapping[str, Any]) -> Snapshot:
    name = settings.get("base_model_name_or_path")
    how = (
        "put the base where adapter_config.json's base_model_name_or_path points, or merge it yourself: "
        "AutoPeftModelForSequenceClassification.from_pretrained(FOLDER).merge_and_unload().save_pretrained('MERGED')"
    )
    if not isinstance(name, str) or not name:
        raise CheckpointError(f"{folder} holds an adapter, and {SETTINGS} names no base model: {how}")
    try:
        beside = folder / name
        return fetch(str(beside) if not Path(name).is_absolute() and beside.is_dir() else name)
    except CheckpointNotFoundError as error:
        raise CheckpointNotFoundError(
            f"{folder} holds no checkpoint but a LoRA adapter of {name}, which was not found ({error}): {how}"
        ) from error


def _adapter_tensors(folder: Path) -> dict[str, Array]:
    path = next((folder / name for name in _WEIGHTS if (folder / name).is_file()), None)
    if path is None:
        raise CheckpointError(f"{folder} holds {SETTINGS}, and no {' or '.join(_WEIGHTS)}: fetch it")
    weights = Weights([open_file(path)])
    return {_plain(name): weights[name] for name in weights}


def _plain(name: str) -> str:
    """As the model calls it, but for the endings of LoRA's own matrices."""
    name = name.removeprefix(_PREFIX).replace(".modules_to_save.", ".").replace(".base_layer.", ".")
    return re.sub(r"\.(default|original_module)\.", ".", name)


def _named(weights: Weights, config: Mapping[str, Any]) -> dict[str, Array]:
    """The base's tensors under the names that a classifier's have, the base model's prefix in front."""
    prefix = _BASE_PREFIX.get(str(config.get("model_type")), "")
    is_bare = not any(name.startswith(prefix) for name in weights)
    return {(prefix + name if is_bare else name): weights[name] for name in weights}


def _merged(base: dict[str, Array], adapter: Mapping[str, Array], settings: Mapping[str, Any]) -> dict[str, Array]:
    tensors = dict(base)
    for name, value in adapter.items():
        module, _, ending = name.partition(".lora_")
        if not ending:
            tensors[name] = value  # saved whole: a classifier, a bias
        elif ending == "A.weight":
            target = f"{module}.weight"
            if target not in base:
                raise CheckpointError(f"the adapter changes {target}, which its base has not: is it of another base?")
            delta = adapter[f"{module}.lora_B.weight"].astype(np.float64) @ value.astype(np.float64)
            tensors[target] = (base[target] + _scale(module, settings) * delta).astype(np.float32)
        elif ending != "B.weight":
            raise CheckpointError(f"the adapter has the tensor {name}; only LoRA of linear layers can be merged")
    return tensors


def _scale(module: str, settings: Mapping[str, Any]) -> float:
    rank = _of_module(module, settings.get("rank_pattern"), settings.get("r", 8))
    alpha = _of_module(module, settings.get("alpha_pattern"), settings.get("lora_alpha", 8))
    return float(alpha / (rank**0.5 if settings.get("use_rslora") else rank))


def _of_module(module: str, pattern: Mapping[str, float] | None, default: float) -> float:
    """The value of the first pattern that the module's name ends with, as PEFT matches them."""
    found = (value for key, value in (pattern or {}).items() if re.match(rf"(.*\.)?({key})$", module))
    return next(found, default)


def _config(config: dict[str, Any], settings: Mapping[str, Any], tensors: Mapping[str, Array]) -> dict[str, Any]:
    """The base's config.json, as a classifier's where the adapter is one."""
    if settings.get("task_type") != "SEQ_CLS":
        return config
    heads = [name for name in ("classifier.weight", "classifier.out_proj.weight") if name in tensors]
    if not heads:
        raise CheckpointError("the adapter is for SEQ_CLS, and neither it nor its base has a classifier's weights")
    named = str((config.get("architectures") or ["Model"])[0])
    config["architectures"] = [re.sub(r"(For\w+|Model)$", "", named) + "ForSequenceClassification"]
    n_labels = len(tensors[heads[0]])
    if len(config.get("id2label") or {}) != n_labels:
        config["id2label"] = {str(number): f"LABEL_{number}" for number in range(n_labels)}
        config["label2id"] = {label: int(number) for number, label in config["id2label"].items()}
    return config


def _copy_settings(source: Path, out: Path) -> None:
    """Copy tokenizer and settings, and no weights but those of modules in folders."""
    for path in source.iterdir():
        if path.is_file() and path.suffix in (".json", ".txt", ".model") and not path.name.endswith(".index.json"):
            if path.name != SETTINGS:
                shutil.copyfile(path, out / path.name)
        elif path.is_dir() and re.match(r"\d+_\w+$", path.name):
            shutil.copytree(path, out / path.name, dirs_exist_ok=True)
