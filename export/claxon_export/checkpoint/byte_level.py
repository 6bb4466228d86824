"""RoBERTa's tokenizer from vocab.json and merges.txt, as transformers' convert_slow_tokenizer.py builds it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, pre_tokenizers, processors
from tokenizers.models import BPE

from claxon_export.checkpoint.hub import read_json
from claxon_export.errors import CheckpointError

VOCABULARY, MERGES = "vocab.json", "merges.txt"
CLASSES = frozenset({"RobertaTokenizer"})
SPECIALS = {
    "bos_token": "<s>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "sep_token": "</s>",
    "pad_token": "<pad>",
    "cls_token": "<s>",
    "mask_token": "<mask>",
}


def has_files(folder: Path) -> bool:
    """Whether both files are there."""
    return (folder / VOCABULARY).is_file() and (folder / MERGES).is_file()


def build(folder: Path, *, cls: str, sep: str, add_prefix_space: bool) -> Tokenizer:
    """The tokenizer, without added tokens.

    Args:
        folder: With ``vocab.json`` and ``merges.txt``.
        cls, sep: What stands before and behind a text.
        add_prefix_space: Whether a text's first word is tokenized as one behind a space.

    Raises:
        CheckpointError: a file is no vocabulary or no list of merges, or the special tokens are not in it.
    """
    vocab = read_json(folder / VOCABULARY)
    absent = [token for token in (cls, sep) if token not in vocab]
    if absent:
        raise CheckpointError(f"{folder / VOCABULARY} lacks special tokens of the tokenizer: {', '.join(absent)}")
    tokenizer = Tokenizer(_model(folder, vocab))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.RobertaProcessing(
        sep=(sep, vocab[sep]), cls=(cls, vocab[cls]), add_prefix_space=add_prefix_space, trim_offsets=True
    )
    return tokenizer


def _model(folder: Path, vocab: dict[str, Any]) -> BPE:
    try:
        lines = (folder / MERGES).read_text(encoding="utf-8").splitlines()
        merges = [tuple(line.split()) for line in lines if line.strip() and not line.startswith("#version")]
        return BPE(
            vocab=vocab,
            merges=merges,
            continuing_subword_prefix="",
            end_of_word_suffix="",
            fuse_unk=False,
        )
    except Exception as error:  # tokenizers raises bare Exceptions
        raise CheckpointError(
            f"{folder / MERGES} does not fit {folder / VOCABULARY}: {error}; fetch both again"
        ) from error
