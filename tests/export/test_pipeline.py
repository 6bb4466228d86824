"""A checkpoint becomes a bundle: the whole way, its options, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import claxon
from claxon.bundle.manifest import Feature, HeadKind, ScoreKind
from claxon.errors import OptionError
from claxon_export.checkpoint.checkpoint import open_checkpoint
from claxon_export.errors import (
    CheckpointError,
    ExportError,
    TargetExistsError,
    UnreadMeaningError,
    UnsupportedArchitectureError,
)
from claxon_export.parity.parity import packaged_texts
from claxon_export.parity.source import ReferenceSource
from claxon_export.pipeline import PRETRAINED_HEAD_NAME, Exporter, export
from tests.checkpoints import write_checkpoint
from tests.encoder_graphs import ARCHITECTURES
from tests.gate_texts import gate_texts

# Two float32 implementations of two layers of width 32.
TOLERANCE = 1e-5
COMMIT = "0123456789abcdef0123456789abcdef01234567"
TEXTS = ["great book", "", "awful service ! i hate it", "not so good " * 30]

pytestmark = pytest.mark.usefixtures("numpy_source")


def add_setting(folder: Path, file: str, **settings: object) -> None:
    content = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps(content | settings))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_goes_the_whole_way(name: str, tmp_path: Path) -> None:
    bundle = export(write_checkpoint(tmp_path / "source", name), tmp_path / "out")
    assert bundle.manifest.encoder.architecture == name
    parity = bundle.manifest.encoder.variants[0].parity
    assert parity is not None
    assert parity.texts == len(gate_texts(tmp_path / "source"))
    with claxon.Encoder.load(bundle.path) as encoder:
        vectors = encoder.encode(TEXTS, on_truncation="ignore")
    assert vectors.shape == (len(TEXTS), 32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_classifier_comes_with_its_head(name: str, tmp_path: Path) -> None:
    source = write_checkpoint(tmp_path / "source", name, labels=("bad", "fine", "good"))
    bundle = export(source, tmp_path / "out")
    (head,) = bundle.manifest.heads
    assert (head.name, head.kind, head.feature) == (PRETRAINED_HEAD_NAME, HeadKind.PRETRAINED, Feature.CLS)
    assert (head.labels, head.scores) == (("bad", "fine", "good"), ScoreKind.PROBABILITY)
    expected = ReferenceSource(open_checkpoint(source)).outputs(TEXTS).probabilities
    result = claxon.load(bundle.path).predict_proba(TEXTS, on_truncation="ignore")
    assert expected is not None
    np.testing.assert_allclose(result, expected, rtol=0, atol=TOLERANCE)
    assert np.abs(result[0] - result[2]).max() > 100 * TOLERANCE


def test_bundle_holds_its_files_and_no_others(tiny_classifier: Path, tmp_path: Path) -> None:
    bundle = export(tiny_classifier, tmp_path / "out", verify=False)
    files = {path.relative_to(bundle.path).as_posix() for path in bundle.path.rglob("*") if path.is_file()}
    assert files == {
        "README.md",
        "encoder.onnx",
        "encoder.safetensors",
        "heads/classifier.onnx",
        "manifest.json",
        "tokenizer.json",
    }
    assert list(tmp_path.iterdir()) == [bundle.path]


def test_export_of_the_same_checkpoint_gives_the_same_digest(tiny_classifier: Path, tmp_path: Path) -> None:
    first = export(tiny_classifier, tmp_path / "first")
    second = export(tiny_classifier, tmp_path / "second")
    assert first.digest == second.digest


def test_digest_does_not_depend_on_where_the_checkpoint_lies(tiny_classifier: Path, tmp_path: Path) -> None:
    first = export(tiny_classifier, tmp_path / "first", verify=False)
    moved = shutil.copytree(tiny_classifier, tmp_path / "elsewhere" / tiny_classifier.name)
    second = export(moved, tmp_path / "second", verify=False)
    assert first.digest == second.digest
    for name in first.manifest.files:
        assert str(tiny_classifier.parent).encode() not in (first.path / name).read_bytes(), name


def test_other_weights_give_another_digest(tmp_path: Path) -> None:
    first = export(write_checkpoint(tmp_path / "a" / "source", "bert"), tmp_path / "first", verify=False)
    other = write_checkpoint(tmp_path / "b" / "source", "bert", seed=1)
    assert export(other, tmp_path / "second", verify=False).digest != first.digest


def test_provenance_names_the_source_and_hashes_what_was_read(tiny_checkpoint: Path, tmp_path: Path) -> None:
    provenance = export(tiny_checkpoint, tmp_path / "out", verify=False).manifest.provenance
    assert (provenance.source, provenance.revision) == (tiny_checkpoint.name, None)
    assert provenance.exporter == Exporter.NATIVE
    assert {"config.json", "model.safetensors", "1_Pooling/config.json"} <= provenance.files.keys()
    assert provenance.tools["claxon"] == claxon.__version__


def test_existing_target_needs_force(tiny_checkpoint: Path, tmp_path: Path) -> None:
    first = export(tiny_checkpoint, tmp_path / "out", verify=False)
    with pytest.raises(TargetExistsError, match="--force"):
        export(tiny_checkpoint, tmp_path / "out", verify=False)
    second = export(tiny_checkpoint, tmp_path / "out", max_tokens=20, verify=False, force=True)
    assert second.digest != first.digest
    second.verify()


def test_existing_target_is_found_before_the_source_is_read(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(TargetExistsError):
        export(tmp_path / "no-such-checkpoint", tmp_path / "out")


def test_folder_that_is_no_bundle_stays(tiny_checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="is not a bundle"):
        export(tiny_checkpoint, tiny_checkpoint, force=True)
    assert (tiny_checkpoint / "config.json").exists()


def test_max_tokens_lowers_the_limit(tiny_checkpoint: Path, tmp_path: Path) -> None:
    bundle = export(tiny_checkpoint, tmp_path / "out", max_tokens=7)
    assert bundle.manifest.encoder.max_tokens == 7
    with claxon.Encoder.load(bundle.path) as encoder:
        assert encoder.tokenize(["great " * 20]).lengths.tolist() == [7]


def test_max_tokens_may_raise_the_limit_to_the_position_table(tiny_checkpoint: Path, tmp_path: Path) -> None:
    assert export(tiny_checkpoint, tmp_path / "out", max_tokens=64).manifest.encoder.max_tokens == 64
    with pytest.raises(OptionError, match="max_tokens is 65"):
        export(tiny_checkpoint, tmp_path / "other", max_tokens=65)


def test_pooling_must_be_given_where_nothing_says_it(tmp_path: Path) -> None:
    source = write_checkpoint(tmp_path / "source", "bert", sentence=False)
    with pytest.raises(UnreadMeaningError, match="--pooling mean or --pooling cls"):
        export(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    bundle = export(source, tmp_path / "out", pooling="cls")
    assert bundle.manifest.encoder.pooling == Feature.CLS
    assert bundle.manifest.encoder.default_feature == Feature.CLS


def test_pooling_that_contradicts_the_checkpoint(tiny_checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"modules\.json pools by mean"):
        export(tiny_checkpoint, tmp_path / "out", pooling="cls")


def test_classifier_with_a_pooling_has_an_embedding_too(tiny_classifier: Path, tmp_path: Path) -> None:
    encoder = export(tiny_classifier, tmp_path / "out", pooling="mean").manifest.encoder
    assert Feature.EMBEDDING in encoder.features
    assert encoder.pooling == Feature.MEAN


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"pooling": "max"}, "pooling is 'max', expected one of mean, cls"),
        ({"exporter": "torch"}, "exporter is 'torch', expected one of native, optimum"),
        ({"max_tokens": 2}, "max_tokens is 2"),
        ({"labels": ["a", "b"]}, "no classifier"),
        ({"revision": "main"}, "local folder that has no revisions"),
    ],
)
def test_option_that_cannot_be_met(
    option: dict[str, object], message: str, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    with pytest.raises(OptionError, match=message):
        export(tiny_checkpoint, tmp_path / "out", **option)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_labels_are_renamed_in_the_order_of_the_outputs(tiny_classifier: Path, tmp_path: Path) -> None:
    plain = claxon.load(export(tiny_classifier, tmp_path / "plain", verify=False).path)
    renamed = claxon.load(export(tiny_classifier, tmp_path / "renamed", labels=["bad", "good"]).path)
    assert renamed.labels == ("bad", "good")
    names = dict(zip(plain.labels, renamed.labels, strict=True))
    texts = packaged_texts()
    expected = [names[label] for label in plain.predict(texts, on_truncation="ignore")]
    assert renamed.predict(texts, on_truncation="ignore").tolist() == expected
    assert set(expected) == {"bad", "good"}


@pytest.mark.parametrize("labels", [["bad"], ["bad", "bad"], ["a", "b", "c"]])
def test_labels_that_are_not_one_an_output(labels: list[str], tiny_classifier: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="2 outputs, which need as many different labels"):
        export(tiny_classifier, tmp_path / "out", labels=labels)


def test_unknown_architecture_lists_the_native_ones(tiny_checkpoint: Path, tmp_path: Path) -> None:
    source = shutil.copytree(tiny_checkpoint, tmp_path / "source")
    add_setting(source, "config.json", model_type="nomic_bert")
    with pytest.raises(UnsupportedArchitectureError, match=r"'nomic_bert'.*albert, bert, .*mpnet.*optimum"):
        export(source, tmp_path / "out", max_tokens=20)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


KINDS = [
    ({"problem_type": "multi_label_classification"}, 3, ScoreKind.MULTI_LABEL),
    ({"problem_type": "regression"}, 1, ScoreKind.REGRESSION),
    ({}, 1, ScoreKind.REGRESSION),
    ({"function_to_apply": "none"}, 3, ScoreKind.DECISION),
    ({"function_to_apply": "sigmoid"}, 3, ScoreKind.MULTI_LABEL),
]


@pytest.mark.parametrize(("settings", "outputs", "scores"), KINDS)
def test_every_kind_of_classifier_gives_the_pipelines_numbers(
    settings: dict[str, str], outputs: int, scores: ScoreKind, tmp_path: Path
) -> None:
    source = write_checkpoint(tmp_path / "source", "distilbert", labels=("bad", "fine", "good")[:outputs])
    add_setting(source, "config.json", **settings)
    bundle = export(source, tmp_path / "out", precision=["fp32", "int8"])
    (head,) = bundle.manifest.heads
    assert head.scores is scores
    assert head.parity is not None
    assert head.parity.comparisons[0].max_abs_difference < TOLERANCE
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    pytest.importorskip("torch", reason="torch is not installed")
    # transformers reads function_to_apply from the call, not from config.json
    asked = {"function_to_apply": settings["function_to_apply"]} if "function_to_apply" in settings else {}
    pipeline = transformers.pipeline("text-classification", model=str(source), device="cpu", **asked)
    expected = [
        [one["score"] for one in sorted(row, key=lambda one: head.labels.index(one["label"]))]
        for row in pipeline(TEXTS, top_k=None, truncation=True, max_length=bundle.manifest.encoder.max_tokens)
    ]
    with claxon.load(bundle.path, precision="fp32") as classifier:
        found = classifier.decision_function(TEXTS, on_truncation="ignore")
    np.testing.assert_allclose(found, expected, atol=TOLERANCE)


def test_export_without_verification_says_so(tiny_checkpoint: Path, tmp_path: Path) -> None:
    bundle = export(tiny_checkpoint, tmp_path / "out", verify=False)
    assert bundle.manifest.encoder.variants[0].parity is None
    raw = json.loads((bundle.path / "manifest.json").read_text())
    assert raw["encoder"]["variants"][0]["parity"] is None
    assert "not verified" in (bundle.path / "README.md").read_text(encoding="utf-8")
    verified = export(tiny_checkpoint, tmp_path / "other")
    assert "not verified" not in (verified.path / "README.md").read_text(encoding="utf-8")


def test_own_texts_are_compared_too(tiny_checkpoint: Path, tmp_path: Path) -> None:
    bundle = export(tiny_checkpoint, tmp_path / "out", texts=["great book", "late phone"])
    parity = bundle.manifest.encoder.variants[0].parity
    assert parity is not None
    assert parity.texts == len(gate_texts(tiny_checkpoint)) + 2


def test_prompt_of_the_checkpoint_is_put_before_every_text(tiny_checkpoint: Path, tmp_path: Path) -> None:
    source = shutil.copytree(tiny_checkpoint, tmp_path / "source")
    prompts = {"prompts": {"query": "the book "}, "default_prompt_name": "query"}
    (source / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    bundle = export(source, tmp_path / "out")
    plain = export(tiny_checkpoint, tmp_path / "plain", verify=False)
    with claxon.Encoder.load(bundle.path) as prompted, claxon.Encoder.load(plain.path) as bare:
        np.testing.assert_array_equal(prompted.encode(["great"]), bare.encode(["the book great"]))
        assert np.abs(prompted.encode(["great"]) - bare.encode(["great"])).max() > TOLERANCE
