"""RoBERTa's tokenizer from its two files: the ids and the document are those of transformers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tokenizers import pre_tokenizers

from claxon_export.checkpoint.tokenizer import tokenizer_files, tokenizer_json
from claxon_export.errors import CheckpointError
from tests.export.checkpoint.test_tokenizer import TORTURE, _assert_same_as_transformers, _write

MERGES = ("Ġ t", "h e", "Ġt he", "i n", "f i", "l m", "fi lm", "Ġ film", "Ã ©")
MASK = {"__type": "AddedToken", "content": "<mask>", "lstrip": False, "rstrip": True, "normalized": True}
SPECIALS = ("<s>", "<pad>", "</s>", "<unk>")


def files(folder: Path, settings: dict[str, Any] | None = None) -> Path:
    """A vocabulary of all bytes and a few merges."""
    merged = ["".join(merge.split()) for merge in MERGES]
    tokens = [*SPECIALS, *sorted(pre_tokenizers.ByteLevel.alphabet()), *merged, "<mask>"]
    _write(folder, "vocab.json", {token: index for index, token in enumerate(tokens)})
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *MERGES]) + "\n", encoding="utf-8")
    _write(folder, "config.json", {"model_type": "roberta"})
    if settings is not None:
        _write(folder, "tokenizer_config.json", settings)
    return folder


@pytest.mark.parametrize(
    "settings",
    [
        None,
        {"tokenizer_class": "RobertaTokenizer"},
        {"add_prefix_space": True},
        {"additional_special_tokens": ["<extra>"]},
        {"mask_token": MASK},
    ],
    ids=str,
)
def test_ids_are_those_of_transformers(settings: dict[str, Any] | None, tmp_path: Path) -> None:
    _assert_same_as_transformers(files(tmp_path, settings), TORTURE)


def test_both_files_are_hashed(tmp_path: Path) -> None:
    assert [path.name for path in tokenizer_files(files(tmp_path))] == ["vocab.json", "merges.txt"]


def test_missing_special_tokens_are_named(tmp_path: Path) -> None:
    folder = files(tmp_path)
    (folder / "vocab.json").write_text(json.dumps({"a": 0}))
    with pytest.raises(CheckpointError, match=r"vocab\.json lacks special tokens of the tokenizer: <s>, </s>"):
        tokenizer_json(folder)


def test_merges_of_another_vocabulary_are_refused(tmp_path: Path) -> None:
    folder = files(tmp_path)
    (folder / "merges.txt").write_text("q q q\nz z\n", encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"(?s)merges\.txt does not fit .*vocab\.json.*fetch both again"):
        tokenizer_json(folder)


@pytest.mark.parametrize("name", ["sentencepiece.bpe.model", "spm.model", "spiece.model"])
def test_a_sentencepiece_model_alone_gets_the_converting_line(name: str, tmp_path: Path) -> None:
    _write(tmp_path, "config.json", {"model_type": "xlm-roberta"})
    (tmp_path / name).write_bytes(b"\n")
    with pytest.raises(CheckpointError, match=rf"{name} alone is not read; .*save_pretrained.*sentencepiece"):
        tokenizer_json(tmp_path)
