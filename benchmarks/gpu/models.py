"""The models: full-size DistilBERT and MPNet with random weights, made on the spot, and the bundles of all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from claxon.bundle.bundle import Bundle
from claxon_bench.generator import reviews, tweets
from claxon_export import export
from gpu.record import Case, Figures
from gpu.setting import Setting, Subject

SEED = 0
LABELS = {0: "NEGATIVE", 1: "POSITIVE"}
SPECIAL = {
    "mpnet": ("<s>", "<pad>", "</s>", "[UNK]", "<mask>"),
    "distilbert": ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
}
ROLES = {
    "mpnet": {
        "bos": "<s>",
        "eos": "</s>",
        "pad": "<pad>",
        "unk": "[UNK]",
        "mask": "<mask>",
        "cls": "<s>",
        "sep": "</s>",
    },
    "distilbert": {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"},
}
MAX_TOKENS = {"mpnet": 384, "distilbert": 512}
# Of the published ones. Word pieces are learnt from generated texts, which have fewer: the rest is never read.
VOCABULARY = {"mpnet": 30_527, "distilbert": 30_522}


def cases(setting: Setting) -> Iterator[Case]:
    """A checkpoint and a bundle for each model."""
    for subject in setting.subjects:
        yield Case(subject.name, partial(make, subject, setting))


def make(subject: Subject, setting: Setting) -> Figures:
    """Make what is not there yet.

    Raises:
        ExportError, CheckpointError, OSError: it cannot be made.
    """
    if not (subject.checkpoint / "config.json").is_file():
        shutil.rmtree(subject.checkpoint, ignore_errors=True)
        write_checkpoint(subject.checkpoint, subject.name.partition("-")[0], setting)
    if not (subject.bundle / "manifest.json").is_file():
        # What verifying compares is compared on the GPU itself, by the part `right`.
        pooling = None if (subject.checkpoint / "modules.json").is_file() else "mean"
        export(
            subject.checkpoint, subject.bundle, precision=["fp32", "fp16"], pooling=pooling, verify=False, force=True
        )
    bundle = Bundle.open(subject.bundle)
    encoder = bundle.manifest.encoder
    return {
        "architecture": encoder.architecture,
        "parameters": encoder.parameters,
        "max_tokens": encoder.max_tokens,
        "digest": bundle.digest,
        "heads": [head.name for head in bundle.manifest.heads],
    }


def write_checkpoint(folder: Path, architecture: str, setting: Setting) -> None:
    """A checkpoint as transformers writes it, with random weights from a seed.

    Raises:
        OSError: it cannot be written.
    """
    import torch
    import transformers

    folder.mkdir(parents=True, exist_ok=True)
    library: Any = transformers
    torch.manual_seed(SEED)
    size = _write_tokenizer(folder, architecture, setting)
    model = _mpnet(library, size, setting) if architecture == "mpnet" else _distilbert(library, size, setting)
    model.save_pretrained(folder)
    if architecture == "mpnet":
        _write_sentence_settings(folder, model.config.hidden_size)


def _mpnet(library: Any, size: int, setting: Setting) -> Any:
    config = library.MPNetConfig(vocab_size=size, pad_token_id=1, bos_token_id=0, eos_token_id=2)
    config.max_position_embeddings = 514
    if setting.sizes.width is not None:
        config.hidden_size, config.intermediate_size, config.num_attention_heads = setting.sizes.width, 64, 4
        config.num_hidden_layers = setting.sizes.layers
    return library.MPNetModel(config, add_pooling_layer=False)


def _distilbert(library: Any, size: int, setting: Setting) -> Any:
    import torch

    config = library.DistilBertConfig(vocab_size=size, id2label=LABELS, label2id={v: k for k, v in LABELS.items()})
    if setting.sizes.width is not None:
        config.dim, config.hidden_dim, config.n_heads = setting.sizes.width, 64, 4
        config.n_layers = setting.sizes.layers
    model = library.DistilBertForSequenceClassification(config)
    # As they begin, both logits are nearly equal for every text: labels would hang on the last bit.
    torch.nn.init.normal_(model.classifier.weight, std=1.0)
    return model


def _write_tokenizer(folder: Path, architecture: str, setting: Setting) -> int:
    """A tokenizer of word pieces that are learnt from generated texts; the rows of words that the model is to have."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    special, roles = SPECIAL[architecture], ROLES[architecture]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=8_000, special_tokens=list(special), show_progress=False)
    tokenizer.train_from_iterator([*tweets(400, SEED), *reviews(200, SEED)], trainer)
    ends = [(roles[role], tokenizer.token_to_id(roles[role])) for role in ("sep", "cls")]
    tokenizer.post_processor = processors.BertProcessing(*ends)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings: dict[str, Any] = {f"{role}_token": token for role, token in roles.items()}
    settings |= {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": MAX_TOKENS[architecture]}
    settings |= {"model_input_names": ["input_ids", "attention_mask"]}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    held = int(tokenizer.get_vocab_size())
    return held if setting.sizes.width is not None else max(VOCABULARY[architecture], held)


def _write_sentence_settings(folder: Path, width: int) -> None:
    """What makes sentence-transformers and Claxon take the mean of the tokens, of norm 1."""
    kinds = {"": "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"}
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(kinds.items())
    ]
    for path in kinds:
        (folder / path).mkdir(exist_ok=True)
    pooling = {"word_embedding_dimension": width, "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
    limit = {"max_seq_length": MAX_TOKENS["mpnet"], "do_lower_case": False}
    named = {"modules": modules, "1_Pooling/config": pooling, "sentence_bert_config": limit}
    for name, content in named.items():
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
