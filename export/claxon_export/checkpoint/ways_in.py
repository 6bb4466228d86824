"""What people have that is no checkpoint to be read as it is: each is named before any work, with the cure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from claxon_export.checkpoint.weights import Weights
from claxon_export.errors import CheckpointError

LFS = b"version https://git-lfs.github.com/spec/"
_TENSORFLOW = ("tf_model*.h5", "*.ckpt.index", "model.ckpt*", "saved_model.pb", "tf_model.h5.index.json")
_FLAX = ("flax_model*.msgpack",)
_WEIGHTS = ("model*.safetensors", "model.safetensors.index.json", "pytorch_model*.bin", "pytorch_model.bin.index.json")
# Names that quantized layers give their tensors.
_QUANTIZED_ENDINGS = (".SCB", ".qweight", ".qzeros", ".absmax", ".weight_packed", ".weight_scale", ".quant_map")
_WRAPPERS = {
    "module.": "DataParallel",
    "_orig_mod.": "torch.compile",
    "model.": "Lightning",
    "_forward_module.": "Lightning Fabric",
    "network.": "a training loop",
}
_WORD_TABLES = ("word_embeddings.weight", "tok_embeddings.weight", "word_embedding.weight")
_NAMED_TOKENS = 5
_SAVE = "AutoModelForSequenceClassification.from_pretrained({source!r}{option}).save_pretrained('FOLDER')"


def check_folder(folder: Path) -> None:
    """Raise if the folder holds something else than a checkpoint's own files.

    Raises:
        CheckpointError: Git LFS pointers, a download that did not end, or weights of another framework alone.
    """
    pointers = sorted(path.name for path in folder.iterdir() if path.is_file() and _is_pointer(path))
    if pointers:
        raise CheckpointError(
            f"{folder}: {', '.join(pointers[:3])} {'is a' if len(pointers) == 1 else 'are'} Git LFS pointer"
            f"{'' if len(pointers) == 1 else 's'} of some 130 bytes, not the content: run `git lfs pull` in the folder"
        )
    unfinished = [path.name for pattern in ("*.incomplete", "*.part", "*.crdownload") for path in folder.glob(pattern)]
    if unfinished:
        raise CheckpointError(f"{folder}: {unfinished[0]} is a download that did not end; fetch the folder again")
    if not _any(folder, _WEIGHTS):
        _check_other_weights(folder)


def _check_other_weights(folder: Path) -> None:
    if _any(folder, _TENSORFLOW):
        raise CheckpointError(
            f"{folder} has TensorFlow's weights alone; with TensorFlow and transformers 4 installed, convert them: "
            + _SAVE.format(source=str(folder), option=", from_tf=True")
        )
    if _any(folder, _FLAX):
        raise CheckpointError(
            f"{folder} has Flax's weights alone; with flax and transformers 4 installed, convert them: "
            + _SAVE.format(source=str(folder), option=", from_flax=True")
        )
    if _any(folder, ("*.onnx", "onnx/*.onnx")):
        raise CheckpointError(
            f"{folder} has ONNX graphs alone, from which no weights are read; export the checkpoint that they were "
            "made from, whose model card names it"
        )
    if _any(folder, ("*.gguf",)):
        raise CheckpointError(f"{folder} has GGUF files alone, which are quantized; export the original checkpoint")


def check_shards(folder: Path) -> None:
    """Raise if there are shards of weights, and no index that lists them.

    Raises:
        CheckpointError: the message names the index.
    """
    for stem, suffix in (("model", "safetensors"), ("pytorch_model", "bin")):
        shards = sorted(folder.glob(f"{stem}-*-of-*.{suffix}"))
        index, whole = folder / f"{stem}.{suffix}.index.json", folder / f"{stem}.{suffix}"
        if shards and not index.is_file() and not whole.is_file():
            raise CheckpointError(
                f"{folder} has {len(shards)} shards, as {shards[0].name}, and no {index.name}: fetch it"
            )


def check_quantized(config: Mapping[str, Any], folder: Path) -> None:
    """Raise if config.json says that the weights are quantized.

    Raises:
        CheckpointError: the message names the method.
    """
    settings = config.get("quantization_config") or config.get("compression_config")
    if settings:
        method = settings.get("quant_method", "unnamed") if isinstance(settings, dict) else settings
        raise CheckpointError(_quantized(folder, f"config.json's quantization_config says {method}"))


def check_tensors(weights: Weights, folder: Path) -> None:
    """Raise if the tensors are those of quantized layers.

    Raises:
        CheckpointError: the message names a tensor.
    """
    found = next((name for name in weights if name.endswith(_QUANTIZED_ENDINGS)), None)
    if found is not None:
        raise CheckpointError(_quantized(folder, f"it has the tensor {found}"))


def _quantized(folder: Path, reason: str) -> str:
    return (
        f"{folder} is a quantized checkpoint ({reason}), whose weights are rounded and packed; export the original, "
        "or dequantize it (transformers: model.dequantize().save_pretrained('FOLDER')). Claxon quantizes itself: "
        "--precision int8"
    )


def unwrapped(weights: Weights) -> tuple[Weights, tuple[str, ...]]:
    """The weights without the prefixes that wrappers give all tensors, and a note on each prefix."""
    notes: list[str] = []
    prefix = _common_wrapper(weights)
    while prefix is not None:
        notes.append(f"the prefix {prefix!r} ({_WRAPPERS[prefix]}) was taken off the names of all tensors")
        weights = weights.without_prefix(prefix)
        prefix = _common_wrapper(weights)
    return weights, tuple(notes)


def _common_wrapper(weights: Iterable[str]) -> str | None:
    names = list(weights)
    return next((prefix for prefix in _WRAPPERS if names and all(name.startswith(prefix) for name in names)), None)


def check_vocabulary(tokenizer_json: str, config: Mapping[str, Any], weights: Weights) -> None:
    """Raise if the tokenizer has ids that the table of words has no row for.

    Raises:
        CheckpointError: the message names the tokens.
    """
    tables = [name for name in weights if name.endswith(_WORD_TABLES)]
    n_rows = weights.shape(tables[0])[0] if tables else config.get("vocab_size")
    if not isinstance(n_rows, int):
        return
    beyond = [token for token, number in sorted(_ids(tokenizer_json), key=lambda item: item[1]) if number >= n_rows]
    if beyond:
        named = ", ".join(map(repr, beyond[:_NAMED_TOKENS])) + (" and more" if len(beyond) > _NAMED_TOKENS else "")
        raise CheckpointError(
            f"the tokenizer has {len(beyond)} tokens more than the model, whose table of words has {n_rows} rows: "
            f"{named}. Call model.resize_token_embeddings(len(tokenizer)) before training and save both again; or take "
            "the tokens out of tokenizer.json, added_tokens.json and tokenizer_config.json"
        )


def _ids(tokenizer_json: str) -> list[tuple[str, int]]:
    document = json.loads(tokenizer_json)
    vocabulary = document["model"].get("vocab") or {}
    ids = (
        [(str(entry[0]), number) for number, entry in enumerate(vocabulary)]
        if isinstance(vocabulary, list)
        else list(vocabulary.items())
    )
    return [*ids, *((token["content"], token["id"]) for token in document.get("added_tokens") or [])]


def _is_pointer(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(LFS)) == LFS


def _any(folder: Path, patterns: Iterable[str]) -> bool:
    return any(True for pattern in patterns for _ in folder.glob(pattern))
