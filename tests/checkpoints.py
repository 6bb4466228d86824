"""Tiny checkpoints with random weights, laid out as on the Hub, made with numpy and safetensors alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

Array = np.ndarray[Any, Any]

WIDTH, HEADS, LAYERS, INTERMEDIATE, POSITIONS = 32, 4, 2, 64, 66

SENTENCE = """the a it is was this that not very really so good great bad awful love hate book film phone works broke
arrived late today and but of to my i me you we they ! ? . , ' - 0 1 2 3 price service food room"""
WORDS = SENTENCE.split()
LETTERS = "abcdefghijklmnopqrstuvwxyz"
PIECES = [*LETTERS, *(f"##{piece}" for piece in ["ed", "ing", "ly", "er", *LETTERS])]


def vocabulary(architecture: str) -> list[str]:
    """Word pieces in id order, with the special tokens where the architecture has them."""
    pieces = list(dict.fromkeys([*WORDS, *PIECES]))
    if architecture == "mpnet":
        return ["<s>", "<pad>", "</s>", "<unk>", "[UNK]", *pieces, "<mask>"]
    return ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *pieces]


def write_checkpoint(
    folder: Path,
    architecture: str,
    *,
    labels: tuple[str, ...] = (),
    sentence: bool = True,
    dtype: str = "float32",
    seed: int = 0,
) -> Path:
    """A folder as the Hub has it: config, weights, tokenizer; with labels a classifier; else sentence settings."""
    folder.mkdir(parents=True, exist_ok=True)
    vocab = vocabulary(architecture)
    (folder / "config.json").write_text(json.dumps(_config(architecture, len(vocab), labels)))
    (folder / "vocab.txt").write_text("\n".join(vocab) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(_tokenizer_config(architecture)))
    rng = np.random.default_rng(seed)
    tensors = {
        name: _values(rng, name, shape).astype(dtype) for name, shape in _shapes(architecture, len(vocab), len(labels))
    }
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    if sentence and not labels:
        _write_sentence_settings(folder)
    return folder


def _config(architecture: str, vocab_size: int, labels: tuple[str, ...]) -> dict[str, Any]:
    names = {"bert": "Bert", "distilbert": "DistilBert", "mpnet": "MPNet"}
    kind = "ForSequenceClassification" if labels else "Model"
    common: dict[str, Any] = {
        "architectures": [names[architecture] + kind],
        "model_type": architecture,
        "vocab_size": vocab_size,
        "max_position_embeddings": POSITIONS,
        "pad_token_id": 1 if architecture == "mpnet" else 0,
    }
    if labels:
        common["id2label"] = {str(i): label for i, label in enumerate(labels)}
        common["label2id"] = {label: i for i, label in enumerate(labels)}
    if architecture == "distilbert":
        sizes = {"dim": WIDTH, "n_heads": HEADS, "n_layers": LAYERS, "hidden_dim": INTERMEDIATE, "activation": "gelu"}
        return common | sizes
    sizes = {
        "hidden_size": WIDTH,
        "num_attention_heads": HEADS,
        "num_hidden_layers": LAYERS,
        "intermediate_size": INTERMEDIATE,
    }
    return common | sizes | {"hidden_act": "gelu", "layer_norm_eps": 1e-5, "type_vocab_size": 2}


def _tokenizer_config(architecture: str) -> dict[str, Any]:
    classes = {"bert": "BertTokenizer", "distilbert": "DistilBertTokenizer", "mpnet": "MPNetTokenizer"}
    return {"do_lower_case": True, "model_max_length": 64, "tokenizer_class": classes[architecture]}


def _write_sentence_settings(folder: Path) -> None:
    kinds = {"": "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"}
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(kinds.items())
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 48, "do_lower_case": False}))
    (folder / "1_Pooling").mkdir(exist_ok=True)
    pooling = {"word_embedding_dimension": WIDTH, "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))


def _shapes(architecture: str, vocab_size: int, n_labels: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    prefix = f"{architecture}." if n_labels else ""
    yield f"{prefix}embeddings.word_embeddings.weight", (vocab_size, WIDTH)
    yield f"{prefix}embeddings.position_embeddings.weight", (POSITIONS, WIDTH)
    if architecture == "bert":
        yield f"{prefix}embeddings.token_type_embeddings.weight", (2, WIDTH)
    yield from _pair(f"{prefix}embeddings.LayerNorm", (WIDTH,))
    if architecture == "mpnet":
        yield f"{prefix}encoder.relative_attention_bias.weight", (32, HEADS)
    stack = "transformer" if architecture == "distilbert" else "encoder"
    for layer in range(LAYERS):
        for name, shape in LAYER_TENSORS[architecture].items():
            yield from _pair(f"{prefix}{stack}.layer.{layer}.{name}", shape)
    if n_labels:
        for name, shape in _classifier(architecture, n_labels).items():
            yield from _pair(name, shape)
    elif architecture == "bert":
        yield from _pair("pooler.dense", (WIDTH, WIDTH))


_SQUARE, _UP, _DOWN, _NORM = (WIDTH, WIDTH), (INTERMEDIATE, WIDTH), (WIDTH, INTERMEDIATE), (WIDTH,)
LAYER_TENSORS: dict[str, dict[str, tuple[int, ...]]] = {
    "distilbert": {
        **{f"attention.{part}_lin": _SQUARE for part in ("q", "k", "v", "out")},
        "sa_layer_norm": _NORM,
        "ffn.lin1": _UP,
        "ffn.lin2": _DOWN,
        "output_layer_norm": _NORM,
    },
    "bert": {
        **{f"attention.self.{part}": _SQUARE for part in ("query", "key", "value")},
        "attention.output.dense": _SQUARE,
        "attention.output.LayerNorm": _NORM,
        "intermediate.dense": _UP,
        "output.dense": _DOWN,
        "output.LayerNorm": _NORM,
    },
    "mpnet": {
        **{f"attention.attn.{part}": _SQUARE for part in "qkvo"},
        "attention.LayerNorm": _NORM,
        "intermediate.dense": _UP,
        "output.dense": _DOWN,
        "output.LayerNorm": _NORM,
    },
}


def _classifier(architecture: str, n_labels: int) -> dict[str, tuple[int, ...]]:
    tensors: dict[str, dict[str, tuple[int, ...]]] = {
        "distilbert": {"pre_classifier": _SQUARE, "classifier": (n_labels, WIDTH)},
        "bert": {"bert.pooler.dense": _SQUARE, "classifier": (n_labels, WIDTH)},
        "mpnet": {"classifier.dense": _SQUARE, "classifier.out_proj": (n_labels, WIDTH)},
    }
    return tensors[architecture]


def _pair(name: str, shape: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", shape
    yield f"{name}.bias", shape[:1]


def _values(rng: np.random.Generator, name: str, shape: tuple[int, ...]) -> Array:
    """Values large enough that a mistake anywhere shows in the output."""
    is_norm = "norm" in name.lower() and name.endswith("weight")
    return rng.normal(1.0 if is_norm else 0.0, 0.2, shape)
