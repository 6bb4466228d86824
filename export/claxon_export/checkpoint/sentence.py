"""What sentence-transformers' files say about a checkpoint: how it pools, its limit, its prompt.

Pooling's settings have two spellings: the older ``pooling_mode_mean_tokens: true`` and the like, and
``pooling_mode: "mean"``. The transformer's have three places for a limit, and arguments of the tokenizer and of the
configuration that win over those libraries' own files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from claxon.bundle.manifest import SimilarityKind
from claxon_export.checkpoint.hub import read_json
from claxon_export.checkpoint.sentence_modules import NormalizeStep, PoolingMode, SentenceModules, read_modules
from claxon_export.checkpoint.settings import tables
from claxon_export.checkpoint.settings.audit import SettingsAudit
from claxon_export.errors import CheckpointError

# The first that is there counts, as in sentence-transformers.
_TRANSFORMER_FILES = tuple(
    f"sentence_{kind}_config.json"
    for kind in ("bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
)


class Pooling(StrEnum):
    """How a text's token states become one vector; ``sentence`` is whatever modules.json composes."""

    MEAN = "mean"
    CLS = "cls"
    SENTENCE = "sentence"


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
        modules: What modules.json composes; None where there is none.
        truncate_dim: Columns of the embedding that are kept; None for all.
        tokenizer_arguments: What wins over tokenizer_config.json.
        config_arguments: What wins over config.json.
    """

    pooling: Pooling | None
    normalize: bool
    max_seq_length: int | None
    do_lower_case: bool
    prompt: str
    files: tuple[Path, ...]
    prompts: Mapping[str, str] = field(default_factory=dict)
    similarity: SimilarityKind = SimilarityKind.COSINE
    modules: SentenceModules | None = None
    truncate_dim: int | None = None
    tokenizer_arguments: Mapping[str, Any] = field(default_factory=dict)
    config_arguments: Mapping[str, Any] = field(default_factory=dict)


def read_sentence_settings(folder: Path, audit: SettingsAudit | None = None) -> SentenceSettings:
    """Read what sentence-transformers has written into a checkpoint's folder.

    Args:
        folder: The checkpoint.
        audit: Looks at every key.

    Raises:
        CheckpointError: A file is damaged, or names a module, a pooling or a setting that cannot be exported.
    """
    audit = audit or SettingsAudit()
    modules_file = _first_present(folder, "modules.json")
    # sentence-transformers reads its other files where there is a modules.json, and else none.
    transformer_file = _first_present(folder, *_TRANSFORMER_FILES)
    prompts_file = _first_present(folder, "config_sentence_transformers.json")
    modules = read_modules(modules_file, audit) if modules_file else None
    transformer = _read_transformer(transformer_file, audit) if transformer_file else {}
    prompts = _read_prompts_file(prompts_file, audit) if prompts_file else {}
    truncate_dim = _truncate_dim(prompts)
    files = (modules_file, *(modules.files if modules else ()), transformer_file, prompts_file)
    tokenizer_arguments = _arguments(transformer, "tokenizer_args", "processor_kwargs")
    return SentenceSettings(
        pooling=_pooling(modules, truncate_dim) if modules else None,
        normalize=modules is not None and modules.steps[-1:] == (NormalizeStep(),) and truncate_dim is None,
        max_seq_length=_limit(transformer, tokenizer_arguments),
        do_lower_case=bool(transformer.get("do_lower_case")),
        prompt=_read_prompt(prompts_file) if prompts_file else "",
        files=tuple(file for file in files if file),
        prompts=_read_prompts(prompts_file) if prompts_file else {},
        similarity=_read_similarity(prompts_file) if prompts_file else SimilarityKind.COSINE,
        modules=modules,
        truncate_dim=truncate_dim,
        tokenizer_arguments=tokenizer_arguments,
        config_arguments=_arguments(transformer, "config_args", "config_kwargs"),
    )


def _first_present(folder: Path, *names: str) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _pooling(modules: SentenceModules, truncate_dim: int | None) -> Pooling:
    """Whether it is one of the two that every graph gives out, or a composition of its own."""
    is_plain = modules.modes in ((PoolingMode.MEAN,), (PoolingMode.CLS,)) and modules.steps in ((), (NormalizeStep(),))
    return Pooling(modules.modes[0]) if is_plain and truncate_dim is None else Pooling.SENTENCE


def _read_transformer(path: Path, audit: SettingsAudit) -> dict[str, Any]:
    config = read_json(path)
    audit.check(path.name, config, tables.TRANSFORMER)
    audit.check(f"{path.name}: model_args", _arguments(config, "model_args", "model_kwargs"), tables.MODEL_ARGUMENTS)
    call = config.get("processing_kwargs") or {}
    for bucket, arguments in call.items():
        if bucket in ("common", "text"):
            audit.check(f"{path.name}: processing_kwargs", arguments, tables.CALL_ARGUMENTS)
    return config


def _arguments(config: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    """Nested arguments; the older spelling wins, as in sentence-transformers."""
    value = config.get(old, config.get(new)) or {}
    if not isinstance(value, dict):
        raise CheckpointError(f"sentence-transformers' {old} is {value!r:.60}, expected an object")
    return value


def _limit(transformer: Mapping[str, Any], tokenizer_arguments: Mapping[str, Any]) -> int | None:
    """The limit that counts: of the call, of the tokenizer's arguments, else ``max_seq_length``."""
    call = transformer.get("processing_kwargs") or {}
    limit = {**(call.get("common") or {}), **(call.get("text") or {})}.get("max_length")
    if limit is None:
        limit = tokenizer_arguments.get("model_max_length", transformer.get("max_seq_length"))
    if limit is not None and (not isinstance(limit, int | float) or isinstance(limit, bool) or limit < 1):
        raise CheckpointError(f"sentence-transformers' longest input is {limit!r:.60}, expected a number of tokens")
    return limit if limit is None else int(limit)


def _read_prompts_file(path: Path, audit: SettingsAudit) -> dict[str, Any]:
    config = read_json(path)
    audit.check(path.name, config, tables.SENTENCE_TRANSFORMERS)
    return config


def _truncate_dim(config: Mapping[str, Any]) -> int | None:
    value = config.get("truncate_dim")
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise CheckpointError(f"config_sentence_transformers.json: truncate_dim is {value!r:.60}, expected 1 or more")
    return value


def _read_prompt(path: Path) -> str:
    """What sentence-transformers puts before every text unless told otherwise."""
    config = read_json(path)
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
