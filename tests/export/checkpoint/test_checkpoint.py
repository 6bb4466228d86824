"""A checkpoint's meaning: every rule of what is read, what an option may say, and what is refused."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from claxon.errors import OptionError
from claxon_export.checkpoint.checkpoint import Pooling, open_checkpoint
from claxon_export.errors import CheckpointError, CheckpointNotFoundError, UnreadMeaningError

if TYPE_CHECKING:
    from pathlib import Path

VOCAB = (
    "[PAD]",
    "<s>",
    "</s>",
    "<pad>",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "<mask>",
    "the",
    "film",
    "Film",
)
CLASSIFIERS = {
    "bert": ("BertForSequenceClassification", "classifier.weight"),
    "distilbert": ("DistilBertForSequenceClassification", "classifier.weight"),
    "mpnet": ("MPNetForSequenceClassification", "classifier.out_proj.weight"),
}
HEAVY = ("torch", "transformers", "huggingface_hub", "sentence_transformers", "onnx", "sklearn", "pandas")


def _write(folder: Path, name: str, content: object) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def _plain(folder: Path, model_type: str = "bert", outputs: int | None = None, **config: Any) -> Path:
    """A checkpoint of one tiny tensor, with a classifier of ``outputs`` rows if any are given."""
    tensors = {"embeddings.word_embeddings.weight": np.ones((len(VOCAB), 4), np.float32)}
    settings: dict[str, Any] = {"model_type": model_type, "max_position_embeddings": 40}
    if outputs is not None:
        architecture, name = CLASSIFIERS[model_type]
        settings["architectures"] = [architecture]
        tensors[name] = np.ones((outputs, 4), np.float32)
    _write(folder, "config.json", settings | config)
    (folder / "vocab.txt").write_text("\n".join(VOCAB), encoding="utf-8")
    save_file(tensors, folder / "model.safetensors")
    return folder


def _sentence_encoder(folder: Path, model_type: str = "bert", *, pooling: str = "mean") -> Path:
    kinds = {"Transformer": "", "Pooling": "1_Pooling", "Normalize": "2_Normalize"}
    modules = [{"path": path, "type": f"sentence_transformers.models.{kind}"} for kind, path in kinds.items()]
    _write(folder, "modules.json", modules)
    _write(folder, "1_Pooling/config.json", {"pooling_mode": pooling})
    return _plain(folder, model_type)


def test_a_sentence_encoder(tmp_path: Path) -> None:
    folder = tmp_path / "encoder"
    folder.mkdir()
    _sentence_encoder(folder, pooling="cls")
    _write(folder, "config_sentence_transformers.json", {"prompts": {"q": "query: "}, "default_prompt_name": "q"})
    checkpoint = open_checkpoint(folder)
    assert (checkpoint.name, checkpoint.revision, checkpoint.folder) == ("encoder", None, folder)
    assert checkpoint.architecture == "bert"
    assert checkpoint.config["max_position_embeddings"] == 40
    assert checkpoint.pooling is Pooling.CLS
    assert checkpoint.normalize
    assert checkpoint.labels is None
    assert checkpoint.prompt == "query: "
    assert checkpoint.weights["embeddings.word_embeddings.weight"].shape == (len(VOCAB), 4)


def test_hashes_are_of_the_files_read(tmp_path: Path) -> None:
    folder = _sentence_encoder(tmp_path)
    _write(folder, "sentence_bert_config.json", {"max_seq_length": 16})
    _write(folder, "tokenizer_config.json", {})
    read = (
        *("1_Pooling/config.json", "config.json", "model.safetensors", "modules.json"),
        *("sentence_bert_config.json", "tokenizer_config.json", "vocab.txt"),
    )
    expected = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in read}
    (folder / "README.md").write_text("not read")
    (folder / "pytorch_model.bin").write_bytes(b"not read")
    hashes = open_checkpoint(str(folder)).hashes
    assert hashes == expected
    assert list(hashes) == sorted(hashes)


def test_an_encoder_that_does_not_say_how_to_pool(tmp_path: Path) -> None:
    folder = _plain(tmp_path)
    with pytest.raises(UnreadMeaningError, match="--pooling mean or --pooling cls"):
        open_checkpoint(folder)
    checkpoint = open_checkpoint(folder, pooling=Pooling.MEAN)
    assert checkpoint.pooling is Pooling.MEAN
    assert not checkpoint.normalize


def test_pooling_must_not_contradict_what_is_read(tmp_path: Path) -> None:
    folder = _sentence_encoder(tmp_path, pooling="cls")
    assert open_checkpoint(folder, pooling=Pooling.CLS).pooling is Pooling.CLS
    with pytest.raises(CheckpointError, match=r"pooling is mean, but .* pools by cls"):
        open_checkpoint(folder, pooling=Pooling.MEAN)


def test_an_unknown_pooling_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="'max'; possible: mean, cls"):
        open_checkpoint(_plain(tmp_path), pooling="max")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sentence", "tokenizer", "expected"),
    [
        ({"max_seq_length": 16}, {"model_max_length": 30}, 16),
        ({"max_seq_length": 36}, {"model_max_length": 30}, 36),
        ({"max_seq_length": None}, {"model_max_length": 30}, 30),
        (None, {"model_max_length": 30}, 30),
        (None, {"model_max_length": 1000000000000000019884624838656}, 40),
        (None, {"model_max_length": 512}, 40),
        ({"max_seq_length": 512}, None, 40),
        (None, None, 40),
    ],
)
def test_the_length_limit(
    tmp_path: Path, sentence: dict[str, Any] | None, tokenizer: dict[str, Any] | None, expected: int
) -> None:
    folder = _sentence_encoder(tmp_path)
    if sentence is not None:
        _write(folder, "sentence_bert_config.json", sentence)
    if tokenizer is not None:
        _write(folder, "tokenizer_config.json", tokenizer)
    assert open_checkpoint(folder).max_tokens == expected


@pytest.mark.parametrize(
    ("model_type", "config", "expected"),
    [
        ("mpnet", {}, 38),
        ("mpnet", {"pad_token_id": 3}, 38),
        ("roberta", {"pad_token_id": 1, "tokenizer_class": "BertTokenizer"}, 38),
        ("distilbert", {}, 40),
        (
            "unheard-of",
            {"n_positions": 24, "max_position_embeddings": None, "tokenizer_class": "BertTokenizer"},
            24,
        ),
    ],
)
def test_the_position_table(tmp_path: Path, model_type: str, config: dict[str, Any], expected: int) -> None:
    folder = _plain(tmp_path, model_type, **config)
    assert open_checkpoint(folder, pooling=Pooling.MEAN).max_tokens == expected


def test_no_limit_anywhere_needs_the_option(tmp_path: Path) -> None:
    folder = _plain(tmp_path, max_position_embeddings=None)
    with pytest.raises(UnreadMeaningError, match="--max-tokens"):
        open_checkpoint(folder, pooling=Pooling.CLS)
    assert open_checkpoint(folder, pooling=Pooling.CLS, max_tokens=99).max_tokens == 99


@pytest.mark.parametrize("max_tokens", [3, 17, 40])
def test_max_tokens_within_the_table(tmp_path: Path, max_tokens: int) -> None:
    folder = _sentence_encoder(tmp_path)
    _write(folder, "sentence_bert_config.json", {"max_seq_length": 16})
    assert open_checkpoint(folder, max_tokens=max_tokens).max_tokens == max_tokens


@pytest.mark.parametrize("max_tokens", [-1, 0, 2, 41])
def test_max_tokens_outside_the_table(tmp_path: Path, max_tokens: int) -> None:
    with pytest.raises(OptionError, match=f"max_tokens is {max_tokens}; possible: 3 to 40"):
        open_checkpoint(_sentence_encoder(tmp_path), max_tokens=max_tokens)


@pytest.mark.parametrize("model_type", CLASSIFIERS)
def test_labels_are_in_the_order_of_their_ids(tmp_path: Path, model_type: str) -> None:
    id2label = {str(index): f"name {index}" for index in range(11)}
    shuffled = dict(sorted(id2label.items()))  # as text, "10" comes before "2"
    checkpoint = open_checkpoint(_plain(tmp_path, model_type, 11, id2label=shuffled))
    assert checkpoint.labels == tuple(id2label.values())
    assert checkpoint.pooling is None
    assert not checkpoint.normalize


def test_labels_without_names_keep_transformers_names(tmp_path: Path) -> None:
    assert open_checkpoint(_plain(tmp_path, "distilbert", 2)).labels == ("LABEL_0", "LABEL_1")


def test_labels_may_be_renamed(tmp_path: Path) -> None:
    folder = _plain(tmp_path, "distilbert", 2, id2label={"0": "same", "1": "same"})
    assert open_checkpoint(folder, labels=["bad", "good"]).labels == ("bad", "good")


@pytest.mark.parametrize("labels", [[], ["a"], ["a", "a"], ["a", "b", "c"]])
def test_new_names_must_fit(tmp_path: Path, labels: list[str]) -> None:
    with pytest.raises(OptionError, match=f"2 outputs.*found {len(labels)}"):
        open_checkpoint(_plain(tmp_path, "distilbert", 2), labels=labels)


def test_names_without_a_classifier(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="has no classifier"):
        open_checkpoint(_sentence_encoder(tmp_path), labels=["a", "b"])


@pytest.mark.parametrize(
    ("outputs", "config", "message"),
    [
        (3, {"id2label": {"0": "a", "1": "b"}}, "3 outputs.*found 2: a, b"),
        (2, {"id2label": {"0": "a", "2": "b"}}, r"ids 0 to 1; found \[0, 2\]"),
        (2, {"id2label": {"a": "0", "b": "1"}}, "must map ids to labels"),
        (2, {"id2label": ["a", "b"]}, "must map ids to labels"),
        (2, {"id2label": {"0": "same", "1": "same"}}, "as many different labels"),
        (3, {}, "found 2: LABEL_0, LABEL_1"),
        (1, {"id2label": {"0": "LABEL_0"}, "function_to_apply": "softmax"}, "softmax of one output, which is 1"),
        (2, {"problem_type": "multi_label"}, "problem_type 'multi_label', expected single_label_classification"),
        (2, {"function_to_apply": "tanh"}, "function_to_apply 'tanh', expected softmax, sigmoid, none"),
    ],
)
def test_classifiers_that_cannot_be_exported(
    tmp_path: Path, outputs: int, config: dict[str, Any], message: str
) -> None:
    with pytest.raises(CheckpointError, match=message):
        open_checkpoint(_plain(tmp_path, "distilbert", outputs, **config))


def test_a_classifier_without_its_weights(tmp_path: Path) -> None:
    folder = _plain(tmp_path, "mpnet", architectures=["MPNetForSequenceClassification"])
    with pytest.raises(CheckpointError, match=r"the weights have no classifier\.out_proj\.weight"):
        open_checkpoint(folder)


def test_a_token_classifier_is_no_sequence_classifier(tmp_path: Path) -> None:
    folder = _plain(tmp_path, "bert", 9, architectures=["BertForTokenClassification"])
    with pytest.raises(UnreadMeaningError):
        open_checkpoint(folder)
    assert open_checkpoint(folder, pooling=Pooling.CLS).labels is None


def test_an_unknown_architecture_is_not_refused_here(tmp_path: Path) -> None:
    config: dict[str, Any] = {"tokenizer_class": "BertTokenizer", "id2label": {"0": "a", "1": "b", "2": "c"}}
    folder = _plain(tmp_path, "unheard-of", architectures=["UnheardForSequenceClassification"], **config)
    checkpoint = open_checkpoint(folder)
    assert checkpoint.architecture == "unheard-of"
    assert checkpoint.labels == ("a", "b", "c")


def test_lowering_case_is_put_into_the_tokenizer(tmp_path: Path) -> None:
    folder = _sentence_encoder(tmp_path)
    _write(folder, "tokenizer_config.json", {"do_lower_case": False})
    cased = Tokenizer.from_str(open_checkpoint(folder).tokenizer_json)
    _write(folder, "sentence_bert_config.json", {"do_lower_case": True})
    lowered = Tokenizer.from_str(open_checkpoint(folder).tokenizer_json)
    assert cased.encode("Film").tokens == ["[CLS]", "Film", "[SEP]"]
    assert lowered.encode("Film").tokens == ["[CLS]", "film", "[SEP]"]


@pytest.mark.parametrize(("content", "message"), [("{", "not JSON"), ("{}", "no model_type"), (None, "no config")])
def test_a_config_that_says_nothing(tmp_path: Path, content: str | None, message: str) -> None:
    folder = _plain(tmp_path)
    (folder / "config.json").unlink()
    if content is not None:
        (folder / "config.json").write_text(content)
    with pytest.raises(CheckpointError, match=message):
        open_checkpoint(folder)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(CheckpointNotFoundError):
        open_checkpoint(tmp_path / "absent")


def test_reading_a_folder_loads_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from claxon_export.checkpoint.checkpoint import open_checkpoint; open_checkpoint(sys.argv[1]);"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code, str(_sentence_encoder(tmp_path))],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == "[]"


def test_mpnet_says_384_although_its_tokenizer_says_128(fetched_models_folder: Path) -> None:
    checkpoint = open_checkpoint(fetched_models_folder / "all-mpnet-base-v2")
    assert (checkpoint.architecture, checkpoint.max_tokens, checkpoint.pad_id) == ("mpnet", 384, 1)
    assert (checkpoint.pooling, checkpoint.normalize, checkpoint.labels) == (Pooling.MEAN, True, None)
    assert checkpoint.weights.parameter_count == 109_486_464


def test_minilm(fetched_models_folder: Path) -> None:
    checkpoint = open_checkpoint(fetched_models_folder / "all-MiniLM-L6-v2")
    assert (checkpoint.architecture, checkpoint.max_tokens, checkpoint.pad_id) == ("bert", 256, 0)
    assert (checkpoint.pooling, checkpoint.normalize, checkpoint.labels) == (Pooling.MEAN, True, None)


def test_distilbert_with_its_classifier(shared_models_folder: Path) -> None:
    checkpoint = open_checkpoint(shared_models_folder / "distilbert-sst2-mini")
    assert (checkpoint.architecture, checkpoint.max_tokens, checkpoint.pad_id) == ("distilbert", 512, 0)
    assert (checkpoint.pooling, checkpoint.labels) == (None, ("NEGATIVE", "POSITIVE"))
