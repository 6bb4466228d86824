"""A checkpoint and what it means: read from its own files, never guessed.

sentence-transformers' files say how an embedding is pooled, config.json what the classifier's outputs mean.
What no file says must be given as an option, and the error names the option.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from claxon.bundle.manifest import SimilarityKind, TruncationSide
from claxon.errors import OptionError
from claxon_export.checkpoint.adapter import is_adapter, merge_adapter
from claxon_export.checkpoint.classifier_output import output_function
from claxon_export.checkpoint.hub import fetch
from claxon_export.checkpoint.licensing import declared_license
from claxon_export.checkpoint.sentence import Pooling, SentenceSettings, read_sentence_settings
from claxon_export.checkpoint.sentence_modules import SentenceModules
from claxon_export.checkpoint.settings.audit import SettingsAudit
from claxon_export.checkpoint.settings.config import read_config
from claxon_export.checkpoint.settings.tokenizer_settings import read_tokenizer_settings, stated_limit, truncation_side
from claxon_export.checkpoint.tokenizer import pad_id, tokenizer_files, tokenizer_json, with_lowercase
from claxon_export.checkpoint.ways_in import check_folder, check_shards, check_tensors, check_vocabulary, unwrapped
from claxon_export.checkpoint.weights import Weights, open_weights
from claxon_export.errors import CheckpointError, UnreadMeaningError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Checkpoint", "Pooling", "open_checkpoint"]

_CLASSIFIER_WEIGHT = {
    "albert": "classifier.weight",
    "bert": "classifier.weight",
    "camembert": "classifier.out_proj.weight",
    "deberta-v2": "classifier.weight",
    "distilbert": "classifier.weight",
    "electra": "classifier.out_proj.weight",
    "modernbert": "classifier.weight",
    "mpnet": "classifier.out_proj.weight",
    "roberta": "classifier.out_proj.weight",
    "xlm-roberta": "classifier.out_proj.weight",
}
# Positions of these begin after the padding id's row, so the table's first rows hold no token.
_POSITIONS_AFTER_PADDING = frozenset({"mpnet", "roberta", "xlm-roberta", "camembert", "longformer"})
_MIN_TOKENS = 3  # one token between the two special ones


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint, and what its files say.

    Attributes:
        name: The Hub id, or the folder's name.
        revision: The commit hash; None for a plain folder.
        folder: Where the files lie.
        architecture: config.json's ``model_type``.
        config: config.json.
        weights: The tensors by name, float32.
        tokenizer_json: The tokenizer, without padding and truncation.
        pad_id: The id that fills up short rows.
        pooling: How a sentence embedding is pooled; None where nothing says so (a classifier).
        normalize: Whether the source's sentence embedding is unit-norm.
        max_tokens: The longest input, special tokens included.
        labels: The classifier's labels in id order; None where there is no classifier.
        prompt: What the source puts before every text; "" where nothing.
        hashes: SHA-256 in hex of every file read for the bundle, by its name in the folder, sorted.
        license: What the model card names; None where it names none.
        prompts: All prompts that the source names.
        similarity: How the source compares embeddings.
        truncation_side: Where the source cuts a text that is too long.
        modules: What modules.json composes; None where there is none.
        truncate_dim: Columns of the source's embedding; None for all.
        accepted_unknown: Settings left unread because the user said so, as ``file: key``.
        chosen_prompt: The name of the prompt that the user chose; None for the default one.
        chosen_max_tokens: The limit that the user gave; None where the checkpoint's own counts.
        notes: What was done to the checkpoint to read it.
    """

    name: str
    revision: str | None
    folder: Path
    architecture: str
    config: Mapping[str, Any]
    weights: Weights
    tokenizer_json: str
    pad_id: int
    pooling: Pooling | None
    normalize: bool
    max_tokens: int
    labels: tuple[str, ...] | None
    prompt: str
    hashes: Mapping[str, str]
    license: str | None = None
    prompts: Mapping[str, str] = field(default_factory=dict)
    similarity: SimilarityKind = SimilarityKind.COSINE
    truncation_side: TruncationSide = TruncationSide.RIGHT
    modules: SentenceModules | None = None
    truncate_dim: int | None = None
    accepted_unknown: tuple[str, ...] = ()
    chosen_prompt: str | None = None
    chosen_max_tokens: int | None = None
    notes: tuple[str, ...] = ()


def open_checkpoint(
    source: str | os.PathLike[str],
    *,
    revision: str | None = None,
    pooling: Pooling | None = None,
    max_tokens: int | None = None,
    labels: Sequence[str] | None = None,
    prompt: str | None = None,
    accept_unknown: Sequence[str] = (),
) -> Checkpoint:
    """Open a checkpoint and read what it means.

    Args:
        source: A folder, or a Hub id.
        revision: Branch, tag or commit hash of a Hub id.
        pooling: How to pool, for a checkpoint that does not say.
        max_tokens: The longest input, special tokens included; at most what the position table holds.
        labels: New names for the classifier's labels, in id order.
        prompt: The name of a prompt of the checkpoint, which is put before every text instead of its default one.
        accept_unknown: Settings that may stay unread, as ``key`` or ``file: key``.

    Raises:
        CheckpointNotFoundError: There is nothing under that name.
        UnreadMeaningError: Something must be said by an option; the message names it.
        CheckpointError: A file is missing, damaged, or says what cannot be exported.
        OptionError: An option does not fit this checkpoint.
    """
    snapshot = fetch(os.fspath(source), revision=revision)
    folder = snapshot.folder
    notes: tuple[str, ...] = ()
    audit = SettingsAudit(accept_unknown)
    check_folder(folder)
    if is_adapter(folder):
        merged = Path(mkdtemp(prefix="claxon-adapter-"))
        atexit.register(shutil.rmtree, merged, ignore_errors=True)
        notes = (merge_adapter(folder, merged, audit),)
        folder = merged
    settings = read_sentence_settings(folder, audit)
    config = read_config(folder, settings.config_arguments, audit)
    tokenizer_settings = read_tokenizer_settings(folder, settings.tokenizer_arguments, audit)
    audit.finish()
    check_shards(folder)
    weights, taken_off = unwrapped(open_weights(folder))
    check_tensors(weights, folder)
    notes += taken_off
    label_names = _labels(config, weights, labels)
    tokenizer = tokenizer_json(folder, settings.tokenizer_arguments)
    if settings.do_lower_case:
        tokenizer = with_lowercase(tokenizer)
    check_vocabulary(tokenizer, config, weights)
    modules_weights = settings.modules.weight_files() if settings.modules else ()
    files = (folder / "config.json", *settings.files, *modules_weights, *tokenizer_files(folder), *weights.files)
    return Checkpoint(
        name=snapshot.name,
        revision=snapshot.revision,
        folder=folder,
        architecture=config["model_type"],
        config=config,
        weights=weights,
        tokenizer_json=tokenizer,
        pad_id=pad_id(config, tokenizer),
        pooling=_pooling(settings, pooling, needed=label_names is None),
        normalize=settings.normalize,
        max_tokens=_max_tokens(config, stated_limit(tokenizer_settings, settings.max_seq_length), max_tokens),
        labels=label_names,
        prompt=_prompt(settings, prompt),
        hashes=_hashes(folder, files),
        license=declared_license(folder),
        prompts=settings.prompts,
        similarity=settings.similarity,
        truncation_side=truncation_side(folder, tokenizer_settings),
        modules=settings.modules,
        truncate_dim=settings.truncate_dim,
        accepted_unknown=tuple(audit.used),
        chosen_prompt=prompt,
        notes=notes,
        chosen_max_tokens=max_tokens,
    )


def _prompt(settings: SentenceSettings, name: str | None) -> str:
    """The prompt of that name, else the default one."""
    if name is None:
        return settings.prompt
    if name not in settings.prompts:
        known = ", ".join(settings.prompts) or "none"
        raise OptionError(f"prompt is {name!r}, and the checkpoint's prompts are {known}: give one of them by --prompt")
    return settings.prompts[name]


def _pooling(settings: SentenceSettings, requested: Pooling | None, *, needed: bool) -> Pooling | None:
    if requested is not None and requested not in (Pooling.MEAN, Pooling.CLS):
        raise OptionError(f"pooling is {requested!r}; possible: {Pooling.MEAN}, {Pooling.CLS}")
    if settings.pooling and requested and settings.pooling != requested:
        raise CheckpointError(
            f"pooling is {requested}, but the checkpoint's modules.json pools by {settings.pooling}: "
            "leave the option out"
        )
    pooling = settings.pooling or (Pooling(requested) if requested else None)
    if pooling is None and needed:
        raise UnreadMeaningError(
            "the checkpoint has no classifier, and no modules.json that says how to pool its token states: "
            "give --pooling mean or --pooling cls (pooling= in Python), whichever it was trained with"
        )
    return pooling


def _max_tokens(config: Mapping[str, Any], stated: int | None, requested: int | None) -> int:
    table = position_table(config)
    if requested is None:
        known = [limit for limit in (stated, table) if limit]
        if not known:
            raise UnreadMeaningError("no file states the maximum input length: give --max-tokens (max_tokens=)")
        return min(known)
    if requested < _MIN_TOKENS or (table is not None and requested > table):
        highest = f"{_MIN_TOKENS} to {table}, what the position table holds" if table else f"{_MIN_TOKENS} up"
        raise OptionError(f"max_tokens is {requested}; possible: {highest}")
    return requested


def position_table(config: Mapping[str, Any]) -> int | None:
    """How many tokens have a position; None where positions have no table."""
    rows = config.get("max_position_embeddings") or config.get("n_positions")
    if not isinstance(rows, int) or rows < 1:
        return None
    model_type = config["model_type"]
    if model_type not in _POSITIONS_AFTER_PADDING:
        return rows
    padding = 1 if model_type == "mpnet" else int(config.get("pad_token_id", 1))  # MPNet's code fixes it
    return rows - padding - 1


def _labels(config: Mapping[str, Any], weights: Weights, requested: Sequence[str] | None) -> tuple[str, ...] | None:
    outputs = _classifier_outputs(config, weights)
    if outputs is None:
        if requested is not None:
            raise OptionError("labels= names a classifier's labels, but the checkpoint has no classifier")
        return None
    output_function(config, outputs)
    labels = tuple(requested) if requested is not None else _id2label(config)
    if len(set(labels)) != outputs or len(labels) != outputs:
        raise (OptionError if requested is not None else CheckpointError)(
            f"the classifier has {outputs} outputs, which need as many different labels; "
            f"found {len(labels)}: {', '.join(labels)}. Name them by labels="
        )
    return labels


def _classifier_outputs(config: Mapping[str, Any], weights: Weights) -> int | None:
    """How many outputs the sequence classifier has; None where there is none."""
    architectures = config.get("architectures") or []
    says_so = any(str(name).endswith("ForSequenceClassification") for name in architectures)
    if architectures and not says_so:
        return None  # a token classifier, too, calls its layer "classifier"
    expected = _CLASSIFIER_WEIGHT.get(config["model_type"])
    for name in (expected,) if expected else dict.fromkeys(_CLASSIFIER_WEIGHT.values()):
        if name in weights:
            return weights.shape(name)[0]
    if expected and says_so:
        raise CheckpointError(f"config.json says {architectures[0]}, but the weights have no {expected}")
    return len(_id2label(config)) if says_so else None


def _id2label(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The labels in id order; where none are written, the names that transformers gives them."""
    id2label = config.get("id2label")
    if id2label is None:
        return tuple(f"LABEL_{index}" for index in range(int(config.get("num_labels", 2))))
    try:
        by_id = {int(index): str(label) for index, label in id2label.items()}
    except (AttributeError, ValueError) as error:
        raise CheckpointError(f"config.json: id2label must map ids to labels; found {id2label}") from error
    if sorted(by_id) != list(range(len(by_id))):
        raise CheckpointError(f"config.json: id2label must have the ids 0 to {len(by_id) - 1}; found {sorted(by_id)}")
    return tuple(by_id[index] for index in range(len(by_id)))


def _hashes(folder: Path, files: Iterable[Path]) -> dict[str, str]:
    hashes = {}
    for path in sorted(set(files)):
        with path.open("rb") as file:
            hashes[path.relative_to(folder).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return dict(sorted(hashes.items()))
