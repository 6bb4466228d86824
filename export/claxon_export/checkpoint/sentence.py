"""What sentence-transformers' files say about a checkpoint: how it pools, its limit, its prompt.

modules.json lists the transformer and the steps after it, each with a folder for its settings. Pooling's have
two spellings: the older ``pooling_mode_mean_tokens: true`` and the like, and ``pooling_mode: "mean"``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from claxon.bundle.manifest import SimilarityKind
from claxon_export.checkpoint.hub import read_json, read_json_value
from claxon_export.errors import CheckpointError

if TYPE_CHECKING:
    from collections.abc import Mapping

# The first that is there counts, as in sentence-transformers.
_TRANSFORMER_FILES = tuple(
    f"sentence_{kind}_config.json"
    for kind in ("bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
)
_OLD_POOLING_KEYS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_KINDS = ("Transformer", "Pooling", "Normalize")


class Pooling(StrEnum):
    """How a text's token states become one vector."""

    MEAN = "mean"
    CLS = "cls"


@dataclass(frozen=True, slots=True)
class SentenceSettings:
    """What the files of sentence-transformers say; of a checkpoint without them, nothing.

    Attributes:
        pooling: How the sentence embedding is pooled; None where nothing says so.
        normalize: Whether the sentence embedding is unit-norm.
        max_seq_length: The longest input, special tokens included; None where nothing says so.
        do_lower_case: Whether case is lowered before the tokenizer sees a text.
        prompt: What is put before every text; "" where nothing.
        files: The files read.
        prompts: All prompts that are named.
        similarity: How embeddings are compared.
    """

    pooling: Pooling | None
    normalize: bool
    max_seq_length: int | None
    do_lower_case: bool
    prompt: str
    files: tuple[Path, ...]
    prompts: Mapping[str, str] = field(default_factory=dict)
    similarity: SimilarityKind = SimilarityKind.COSINE


def read_sentence_settings(folder: Path) -> SentenceSettings:
    """Read what sentence-transformers has written into a checkpoint's folder.

    Raises:
        CheckpointError: A file is damaged, or names a module or a pooling that cannot be exported.
    """
    transformer_file = _first_present(folder, *_TRANSFORMER_FILES)
    prompts_file = _first_present(folder, "config_sentence_transformers.json")
    modules_file = _first_present(folder, "modules.json")
    kinds = _module_paths(modules_file) if modules_file else {}
    pooling_file = folder / kinds["Pooling"] / "config.json" if "Pooling" in kinds else None
    transformer = read_json(transformer_file) if transformer_file else {}
    files = (modules_file, pooling_file, transformer_file, prompts_file)
    return SentenceSettings(
        pooling=_read_pooling(pooling_file) if pooling_file else None,
        normalize="Normalize" in kinds,
        max_seq_length=transformer.get("max_seq_length"),
        do_lower_case=bool(transformer.get("do_lower_case")),
        prompt=_read_prompt(prompts_file) if prompts_file else "",
        files=tuple(file for file in files if file),
        prompts=_read_prompts(prompts_file) if prompts_file else {},
        similarity=_read_similarity(prompts_file) if prompts_file else SimilarityKind.COSINE,
    )


def _first_present(folder: Path, *names: str) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _module_paths(modules_file: Path) -> dict[str, PurePosixPath]:
    """Each module's folder by the module's kind, in the one order that is supported."""
    modules = read_json_value(modules_file)
    if not isinstance(modules, list) or not all(isinstance(module, dict) for module in modules):
        raise CheckpointError(f"{modules_file}: expected a list of modules, each with a type and a path")
    kinds = [_kind(modules_file, module) for module in modules]
    if not kinds or tuple(kinds) != _KINDS[: len(kinds)]:
        raise CheckpointError(
            f"{modules_file}: found {' > '.join(kinds) or 'no module'}; supported: {' > '.join(_KINDS)}, "
            "of which the last may be absent"
        )
    paths = [PurePosixPath(str(module.get("path", ""))) for module in modules]
    if any(path.is_absolute() or ".." in path.parts for path in paths):
        raise CheckpointError(f"{modules_file}: a module's path leaves the checkpoint's folder")
    if paths[0].parts:
        raise CheckpointError(
            f"{modules_file}: the transformer is in {paths[0]}/, not beside this file; "
            "give that folder as the source, with --pooling"
        )
    return dict(zip(kinds, paths, strict=True))


def _kind(modules_file: Path, module: Mapping[str, Any]) -> str:
    module_type = str(module.get("type", ""))
    kind = module_type.rpartition(".")[2]
    if kind not in _KINDS or not module_type.startswith("sentence_transformers."):
        raise CheckpointError(
            f"{modules_file}: the module {module_type or module} is not supported; "
            f"can be exported: {', '.join(_KINDS)}, as sentence_transformers has them"
        )
    return kind


def _read_pooling(path: Path) -> Pooling:
    config = read_json(path)
    if config.get("include_prompt") is False:
        raise CheckpointError(f"{path}: include_prompt is false; pooling without the prompt is not supported")
    modes = config.get("pooling_mode", [mode for key, mode in _OLD_POOLING_KEYS.items() if config.get(key)])
    modes = [modes] if isinstance(modes, str) else list(modes)
    if len(modes) != 1 or modes[0] not in set(Pooling):
        result = " + ".join(map(str, modes)) or "not named"
        raise CheckpointError(f"{path}: the pooling is {result}; supported: {' or '.join(Pooling)}")
    return Pooling(modes[0])


def _read_prompt(path: Path) -> str:
    """What sentence-transformers puts before every text unless told otherwise."""
    config = read_json(path)
    kind = config.get("model_type", "SentenceTransformer")
    if kind != "SentenceTransformer":
        raise CheckpointError(f"{path}: a {kind} cannot be exported; supported: SentenceTransformer")
    name = config.get("default_prompt_name")
    if name is None:
        return ""
    prompts = config.get("prompts") or {}
    if name not in prompts:
        raise CheckpointError(f"{path}: default_prompt_name is {name!r}; the prompts are {sorted(prompts)}")
    return str(prompts[name] or "")


def _read_prompts(path: Path) -> dict[str, str]:
    prompts = read_json(path).get("prompts") or {}
    if not isinstance(prompts, dict) or not all(isinstance(text, str | None) for text in prompts.values()):
        raise CheckpointError(f"{path}: prompts is {prompts!r:.80}, expected names with the words of each")
    return {name: text or "" for name, text in prompts.items()}


def _read_similarity(path: Path) -> SimilarityKind:
    name = read_json(path).get("similarity_fn_name") or SimilarityKind.COSINE
    if name not in set(SimilarityKind):
        raise CheckpointError(f"{path}: similarity_fn_name is {name!r:.80}; supported: {', '.join(SimilarityKind)}")
    return SimilarityKind(name)
