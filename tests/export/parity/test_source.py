"""Sources: transformers and the numpy reference say the same of the same texts."""

from __future__ import annotations

import dataclasses
import importlib
import json
import logging
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from claxon.errors import InputError, MissingDependencyError, OptionError
from claxon_export.checkpoint.checkpoint import Checkpoint, Pooling, open_checkpoint
from claxon_export.errors import CheckpointError, UnsupportedArchitectureError
from claxon_export.parity.source import ReferenceSource, SourceOutputs, TorchSource, open_source

if TYPE_CHECKING:
    from pathlib import Path

# float32 on both sides, up to 12 layers, sums in another order; unit-norm embeddings and probabilities.
TOLERANCE = 2e-5
# States are of order 1, and real ones have single coordinates of order 10.
STATE_TOLERANCE = 1e-4
ARCHITECTURES = ("bert", "distilbert", "mpnet")
MAX_TOKENS = 9
WORDS = ("a", "bad", "book", "but", "good", "not", "story", "the", "very", "##s")
LONG_TEXT = "not a good story but a very very good book the story not"
TEXTS = ("the good book", "Bad!", "", LONG_TEXT, "a bad books", "the bad story")
BERT_SPECIALS = ("[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]")
MPNET_SPECIALS = ("<s>", "<pad>", "</s>", "[UNK]", "<mask>")
FAMILIES = {"bert": "Bert", "distilbert": "DistilBert", "mpnet": "MPNet"}
OpenTiny = Callable[..., Checkpoint]
both_sources = pytest.mark.parametrize("source_class", [TorchSource, ReferenceSource])


def write_tiny(folder: Path, architecture: str, *, labelled: bool = False, **settings: Any) -> Path:
    """Write a random checkpoint of the architecture with a vocabulary of a few words."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.set_num_threads(1)
    torch.manual_seed(5)
    family = FAMILIES[architecture]
    specials = MPNET_SPECIALS if architecture == "mpnet" else BERT_SPECIALS
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join((*specials, *WORDS)) + "\n")
    tokenizer = getattr(transformers, f"{family}TokenizerFast")(str(vocabulary), model_max_length=40)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    inner = {"hidden_dim" if architecture == "distilbert" else "intermediate_size": 64}
    config = getattr(transformers, f"{family}Config")(
        vocab_size=len(tokenizer), max_position_embeddings=42, pad_token_id=1, **shape, **inner, **settings
    )
    kind = "ForSequenceClassification" if labelled else "Model"
    model = getattr(transformers, f"{family}{kind}")(config)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight) * 0.3)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def open_tiny(tmp_path: Path) -> OpenTiny:
    def open_it(architecture: str, *, labels: Sequence[str] | None = None, max_tokens: int = MAX_TOKENS) -> Checkpoint:
        settings = {"num_labels": len(labels)} if labels else {}
        write_tiny(tmp_path, architecture, labelled=labels is not None, **settings)
        pooling = None if labels else Pooling.MEAN
        return open_checkpoint(tmp_path, pooling=pooling, max_tokens=max_tokens, labels=labels)

    return open_it


def assert_equal(outputs: SourceOutputs, expected: SourceOutputs) -> None:
    """Fail unless both say the same, within the tolerances."""
    assert outputs.input_ids == expected.input_ids
    assert set(outputs.features) == set(expected.features)
    for name, feature in outputs.features.items():
        assert feature.dtype == np.float32
        tolerance = TOLERANCE if name == "embedding" else STATE_TOLERANCE
        np.testing.assert_allclose(feature, expected.features[name], rtol=0, atol=tolerance, err_msg=name)
    assert (outputs.probabilities is None) == (expected.probabilities is None)
    if outputs.probabilities is not None and expected.probabilities is not None:
        np.testing.assert_allclose(outputs.probabilities, expected.probabilities, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_both_sources_agree_on_embeddings(architecture: str, open_tiny: OpenTiny) -> None:
    checkpoint = open_tiny(architecture)
    outputs = ReferenceSource(checkpoint).outputs(TEXTS)
    assert_equal(outputs, TorchSource(checkpoint).outputs(TEXTS))
    assert set(outputs.features) == {"cls", "mean", "embedding"}
    assert outputs.features["mean"].shape == (len(TEXTS), 32)
    np.testing.assert_allclose(np.linalg.norm(outputs.features["embedding"], axis=1), 1, rtol=0, atol=1e-6)
    assert np.ptp(outputs.features["embedding"], axis=0).max() > 0.1, "the texts are alike: nothing is compared"


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_both_sources_agree_on_probabilities(architecture: str, open_tiny: OpenTiny) -> None:
    checkpoint = open_tiny(architecture, labels=("no", "so", "yes"))
    outputs = ReferenceSource(checkpoint).outputs(TEXTS)
    assert_equal(outputs, TorchSource(checkpoint).outputs(TEXTS))
    assert set(outputs.features) == {"cls", "mean"}
    assert outputs.probabilities is not None
    assert outputs.probabilities.shape == (len(TEXTS), 3)
    assert outputs.probabilities.dtype == np.float32
    assert np.ptp(outputs.probabilities, axis=0).max() > 0.05  # the texts are not alike


@both_sources
def test_a_cut_text_keeps_its_last_special_token(source_class: Any, open_tiny: OpenTiny) -> None:
    input_ids = source_class(open_tiny("mpnet", max_tokens=6)).outputs([LONG_TEXT, "good", ""]).input_ids
    begin, end, first_word = 0, 2, len(MPNET_SPECIALS)
    cut = [first_word + WORDS.index(word) for word in ("not", "a", "good", "story")]
    assert input_ids == ((begin, *cut, end), (begin, first_word + WORDS.index("good"), end), (begin, end))


@both_sources
def test_the_prompt_comes_first(source_class: Any, open_tiny: OpenTiny) -> None:
    checkpoint = open_tiny("bert")
    prompted = source_class(dataclasses.replace(checkpoint, prompt="very ")).outputs(["good book"])
    assert_equal(prompted, source_class(checkpoint).outputs(["very good book"]))


@both_sources
def test_a_text_s_neighbours_change_nothing(source_class: Any, open_tiny: OpenTiny) -> None:
    source = source_class(open_tiny("mpnet"))
    together = source.outputs(TEXTS)
    for row, text in enumerate(TEXTS):
        alone = source.outputs([text])
        assert alone.input_ids[0] == together.input_ids[row]
        np.testing.assert_allclose(
            alone.features["embedding"][0], together.features["embedding"][row], rtol=0, atol=TOLERANCE
        )


@both_sources
def test_lowercasing_of_sentence_transformers_is_done(source_class: Any, tmp_path: Path) -> None:
    folder = write_tiny(tmp_path, "bert")
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**settings, "do_lower_case": False}))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"do_lower_case": True}))
    source = source_class(open_checkpoint(folder, pooling=Pooling.MEAN))
    assert source.outputs(["GOOD Book"]).input_ids == source.outputs(["good book"]).input_ids


@both_sources
def test_what_is_no_list_of_texts_is_an_error(source_class: Any, open_tiny: OpenTiny) -> None:
    source = source_class(open_tiny("bert"))
    for texts in ([], "good book", ["good", 3]):
        with pytest.raises(InputError):
            source.outputs(texts)


def test_open_source_takes_torch_first_and_names_versions(open_tiny: OpenTiny) -> None:
    source = open_source(open_tiny("bert"))
    torch, transformers = importlib.import_module("torch"), importlib.import_module("transformers")
    assert source.name == f"transformers {transformers.__version__}, torch {torch.__version__}"


def test_open_source_takes_what_is_preferred(open_tiny: OpenTiny) -> None:
    checkpoint = open_tiny("bert")
    assert isinstance(open_source(checkpoint, prefer="torch"), TorchSource)
    assert open_source(checkpoint, prefer="numpy").name == "numpy reference"
    with pytest.raises(OptionError, match=r"'tensorflow'.*torch, numpy"):
        open_source(checkpoint, prefer="tensorflow")


@pytest.mark.parametrize("absent", ["torch", "transformers"])
def test_without_torch_the_reference_answers(absent: str, open_tiny: OpenTiny, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = open_tiny("distilbert")
    monkeypatch.setitem(sys.modules, absent, None)
    assert open_source(checkpoint).name == "numpy reference"
    with pytest.raises(MissingDependencyError, match=f"needs {absent}.*pip install torch transformers"):
        open_source(checkpoint, prefer="torch")


def test_an_architecture_that_neither_knows_is_an_error(open_tiny: OpenTiny) -> None:
    checkpoint = dataclasses.replace(open_tiny("bert"), architecture="novel")
    with pytest.raises(UnsupportedArchitectureError, match=r"transformers [\d.]+ does not know 'novel'"):
        open_source(checkpoint)


def test_an_architecture_that_only_torch_knows_says_what_to_install(
    open_tiny: OpenTiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = dataclasses.replace(open_tiny("bert"), architecture="nomic_bert")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UnsupportedArchitectureError, match=r"'nomic_bert'.*pip install torch transformers"):
        open_source(checkpoint)


def test_what_transformers_does_not_know_yet_the_reference_answers(
    open_tiny: OpenTiny, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoint = open_tiny("mpnet")
    monkeypatch.setattr(importlib.import_module("transformers"), "CONFIG_MAPPING", {})
    with caplog.at_level(logging.WARNING, logger="claxon_export.parity.source"):
        assert open_source(checkpoint).name == "numpy reference"
    assert "does not know 'mpnet'" in caplog.text
    with pytest.raises(UnsupportedArchitectureError, match="does not know 'mpnet'"):
        open_source(checkpoint, prefer="torch")


def test_a_folder_that_transformers_cannot_load_is_an_error(open_tiny: OpenTiny) -> None:
    checkpoint = open_tiny("bert")
    (checkpoint.folder / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"torch \S+: AutoModel cannot load"):
        open_source(checkpoint, prefer="torch")


def test_a_missing_classifier_is_an_error_and_not_made_up(open_tiny: OpenTiny) -> None:
    checkpoint = dataclasses.replace(open_tiny("distilbert"), labels=("no", "yes"))
    with pytest.raises(CheckpointError, match=r"lacks weights.*classifier\.bias"):
        open_source(checkpoint, prefer="torch")
    with pytest.raises(CheckpointError, match="pre_classifier"):
        open_source(checkpoint, prefer="numpy").outputs(["good"])


def test_nothing_is_said_fetched_or_changed(
    open_tiny: OpenTiny,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checkpoint = open_tiny("bert")
    safetensors = importlib.import_module("safetensors.numpy")
    stored = checkpoint.folder / "model.safetensors"
    kept = {name: array for name, array in safetensors.load_file(stored).items() if "pooler" not in name}
    safetensors.save_file(kept, stored)  # transformers would say that the pooler is new
    log = importlib.import_module("transformers").utils.logging
    log.set_verbosity_info()
    logging.getLogger("transformers").addHandler(caplog.handler)
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("the network was asked"))
    capfd.readouterr()
    try:
        open_source(checkpoint, prefer="torch").outputs(TEXTS)
        assert capfd.readouterr() == ("", "")
        assert caplog.records == []
        assert log.get_verbosity() == log.INFO
        assert log.is_progress_bar_enabled()
    finally:
        logging.getLogger("transformers").removeHandler(caplog.handler)
        log.set_verbosity_warning()


def test_importing_the_module_imports_neither_torch_nor_transformers() -> None:
    code = (
        "import sys, claxon_export.parity.source; "
        "print(sorted({'torch', 'transformers', 'optimum'} & {name.split('.')[0] for name in sys.modules}))"
    )
    environment = {"PYTHONPATH": ":".join(path for path in sys.path if path)}
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def reviews(data_folder: Path, count: int) -> list[str]:
    """Sentences of SST-2's validation set and a review of several hundred tokens."""
    texts = (data_folder / "sst2" / "validation.csv").read_text("utf-8").splitlines()[1 : count + 1]
    return [*texts, " ".join(texts * 3)]


def test_sources_agree_on_the_distilbert_classifier(shared_models_folder: Path, data_folder: Path) -> None:
    pytest.importorskip("transformers")
    checkpoint = open_checkpoint(shared_models_folder / "distilbert-sst2-mini")
    texts = reviews(data_folder, 24)
    outputs = open_source(checkpoint, prefer="numpy").outputs(texts)
    assert_equal(outputs, open_source(checkpoint, prefer="torch").outputs(texts))
    assert max(map(len, outputs.input_ids)) == checkpoint.max_tokens


@pytest.mark.parametrize(("name", "count"), [("all-MiniLM-L6-v2", 20), ("all-mpnet-base-v2", 5)])
def test_sources_agree_on_sentence_transformers_encoders(
    name: str, count: int, fetched_models_folder: Path, data_folder: Path
) -> None:
    pytest.importorskip("transformers")
    checkpoint = open_checkpoint(fetched_models_folder / name)
    texts = reviews(data_folder, count)
    outputs = open_source(checkpoint, prefer="numpy").outputs(texts)
    assert_equal(outputs, open_source(checkpoint, prefer="torch").outputs(texts))


def test_embeddings_equal_those_of_sentence_transformers(fetched_models_folder: Path, data_folder: Path) -> None:
    library = pytest.importorskip("sentence_transformers")
    folder = fetched_models_folder / "all-MiniLM-L6-v2"
    texts = reviews(data_folder, 19)
    expected = library.SentenceTransformer(str(folder), device="cpu", local_files_only=True).encode(texts)
    checkpoint = open_checkpoint(folder)
    for prefer in ("torch", "numpy"):
        embeddings = open_source(checkpoint, prefer=prefer).outputs(texts).features["embedding"]
        np.testing.assert_allclose(embeddings, expected, rtol=0, atol=TOLERANCE)
