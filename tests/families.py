"""Checkpoints of the other architectures with random weights, made by transformers, tiny or of any size."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from tests.checkpoints import HEADS, INTERMEDIATE, LAYERS, WIDTH, vocabulary

LABELS = ("bad", "fine", "good")
SHAPE = {
    "hidden_size": WIDTH,
    "num_attention_heads": HEADS,
    "num_hidden_layers": LAYERS,
    "intermediate_size": INTERMEDIATE,
    "max_position_embeddings": 160,
}
# What each needs beside ``SHAPE``, and what makes its own ways visible in a tiny model.
SETTINGS: dict[str, dict[str, Any]] = {
    "roberta": {"type_vocab_size": 1},
    "xlm-roberta": {"type_vocab_size": 1},
    "camembert": {"type_vocab_size": 1},
    "electra": {"embedding_size": 24},
    "deberta-v2": {
        "relative_attention": True,
        "pos_att_type": "p2c|c2p",
        "share_att_key": True,
        "position_buckets": 16,
        "norm_rel_ebd": "layer_norm",
        "position_biased_input": False,
    },
    "modernbert": {"local_attention": 16, "num_hidden_layers": 4, "reference_compile": False},
    "albert": {"embedding_size": 24, "num_hidden_layers": 3},
}
# Those that differ in their graphs; the others differ in their names.
FAMILIES = ("roberta", "electra", "albert", "modernbert", "deberta-v2")


def write_family(folder: Path, name: str, *, labels: tuple[str, ...] = (), **settings: Any) -> Path:
    """A folder as ``save_pretrained`` writes it; with labels a classifier, else sentence settings are left out."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    torch.set_num_threads(1)
    torch.manual_seed(7)
    folder.mkdir(parents=True, exist_ok=True)
    words = vocabulary("mpnet")
    sizes = {"vocab_size": len(words), "pad_token_id": 1, **SHAPE, **SETTINGS[name], **settings}
    names = {"id2label": dict(enumerate(labels)), "label2id": {label: i for i, label in enumerate(labels)}}
    config = transformers.AutoConfig.for_model(name, **sizes, **(names if labels else {}))
    kind = transformers.AutoModelForSequenceClassification if labels else transformers.AutoModel
    model = kind.from_config(config).eval()
    _enlarge(torch, model)
    model.save_pretrained(folder)
    _write_tokenizer(folder, words, int(config.max_position_embeddings) - 2)
    return folder


def _enlarge(torch: Any, model: Any) -> None:
    """Values large enough that a mistake anywhere shows: as made, biases are 0 and attention is all but even."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            is_norm = "norm" in name.lower() and name.endswith("weight")
            size = 0.2 if weight.ndim < 2 or weight.shape[-1] <= WIDTH * 2 else weight.shape[-1] ** -0.5
            weight.copy_(torch.randn_like(weight) * size + (1.0 if is_norm else 0.0))


def _write_tokenizer(folder: Path, words: list[str], max_tokens: int) -> None:
    vocab = {word: index for index, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", vocab["<s>"]), ("</s>", vocab["</s>"])]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": max_tokens, "pad_token": "<pad>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
