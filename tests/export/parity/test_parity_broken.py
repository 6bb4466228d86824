"""Bundles that are wrong in one way each: the gate refuses them, and says in which rows and outputs."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from claxon.bundle.bundle import Bundle
from claxon_export import pipeline
from claxon_export.bundle.seal import seal
from claxon_export.checkpoint.checkpoint import Pooling, open_checkpoint
from claxon_export.errors import ParityError
from claxon_export.graphs import encoder_files
from claxon_export.graphs.architectures import blocks
from claxon_export.parity.parity import PADDED_TEXTS, Gate, check_parity
from claxon_export.pipeline import export
from tests.broken_bundles import change_file, change_weight, outputs_of, report
from tests.checkpoints import write_checkpoint
from tests.gate_texts import gate_texts

LABELS = ("NEGATIVE", "POSITIVE")
N_TEXTS = 64

pytestmark = pytest.mark.usefixtures("numpy_source")


def test_scaled_bias_fails_every_output(tiny_checkpoint: Path, sentence_bundle: Path) -> None:
    change_weight(sentence_bundle, "layer.1.ffn.output.bias", lambda bias: bias * np.float32(1.1))
    result = report(tiny_checkpoint, sentence_bundle)
    names = {"cls", "mean", "embedding"}
    assert outputs_of(result.failures) == names | {f"{name}, padded" for name in names}
    assert {failure.row for failure in result.failures} == set(range(len(gate_texts(tiny_checkpoint))))
    texts = gate_texts(tiny_checkpoint)
    assert all(failure.text == texts[failure.row] for failure in result.failures)


def test_one_word_that_is_wrong_is_found_in_the_rows_that_have_it(tiny_checkpoint: Path, sentence_bundle: Path) -> None:
    encoder = open_checkpoint(tiny_checkpoint)
    vocabulary = json.loads(encoder.tokenizer_json)["model"]["vocab"]
    word_id = vocabulary["book"]

    def shift(words: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        words[word_id, :4] += 0.5  # of some coordinates: LayerNorm takes a shift of all away
        return words

    change_weight(sentence_bundle, "embeddings.word", shift)
    with pytest.raises(ParityError) as caught:
        check_parity(encoder, sentence_bundle, ["a good film", "a good book"])
    rows = {failure.row for failure in caught.value.report.failures}
    first = len(gate_texts(tiny_checkpoint))
    assert first + 1 in rows
    assert first not in rows


def test_error_says_how_many_texts_which_rows_and_which_outputs(tiny_checkpoint: Path, sentence_bundle: Path) -> None:
    change_weight(sentence_bundle, "layer.1.ffn.output.bias", lambda bias: bias * np.float32(1.1))
    with pytest.raises(ParityError) as caught:
        check_parity(open_checkpoint(tiny_checkpoint), sentence_bundle)
    message = str(caught.value)
    n_texts = len(gate_texts(tiny_checkpoint))
    assert message.startswith(f"the bundle differs from its source on {n_texts} of {n_texts} texts")
    assert "nothing was written" in message
    assert "row 0, cls: differs by" in message
    assert "embedding, padded: max difference" in message
    assert f"and {len(caught.value.report.failures) - 5} more" in message


def test_weight_that_is_not_a_number_fails(tiny_checkpoint: Path, sentence_bundle: Path) -> None:
    change_weight(sentence_bundle, "layer.0.attention.output.bias", lambda bias: bias * np.float32("nan"))
    assert {failure.row for failure in report(tiny_checkpoint, sentence_bundle).failures} == set(
        range(len(gate_texts(tiny_checkpoint)))
    )


def test_padding_that_is_attended_to_fails_in_the_padded_batch_only(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "MASKED", 0.0)
    export(tiny_checkpoint, tmp_path / "out", verify=False)
    result = report(tiny_checkpoint, tmp_path / "out")
    assert outputs_of(result.failures) == {"cls, padded", "mean, padded", "embedding, padded"}
    assert len({failure.row for failure in result.failures}) == PADDED_TEXTS - 1  # the longest has no padding


def test_wrong_pooling_fails_in_the_embedding_only(tiny_checkpoint: Path, tmp_path: Path) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint)
    wrong = dataclasses.replace(checkpoint, pooling=Pooling.CLS)
    pipeline.write_bundle(wrong, tmp_path)
    assert outputs_of(report(tiny_checkpoint, tmp_path).failures) == {"embedding", "embedding, padded"}


def test_wrong_tokenizer_fails_in_the_ids(tiny_checkpoint: Path, sentence_bundle: Path) -> None:
    def keep_case(path: Path) -> None:
        content = json.loads(path.read_text(encoding="utf-8"))
        content["normalizer"]["lowercase"] = False
        path.write_text(json.dumps(content), encoding="utf-8")

    change_file(sentence_bundle, "tokenizer.json", keep_case)
    failures = report(tiny_checkpoint, sentence_bundle).failures
    texts = gate_texts(tiny_checkpoint)
    rows = {failure.row for failure in failures if failure.output == "input_ids"}
    assert rows
    assert all(texts[row] != texts[row].lower() for row in rows)


def test_other_limit_fails_in_the_ids_of_long_texts(tiny_checkpoint: Path, tmp_path: Path) -> None:
    export(tiny_checkpoint, tmp_path / "out", max_tokens=20, verify=False)
    failures = report(tiny_checkpoint, tmp_path / "out").failures
    assert "20 ids are not the source's 48" in {f.found for f in failures if f.output == "input_ids"}


@pytest.mark.parametrize("labels", [LABELS[::-1], ("NEGATIVE", "OTHER")])
def test_labels_at_other_places_fail(tiny_classifier: Path, classifier_bundle: Path, labels: tuple[str, ...]) -> None:
    manifest = Bundle.open(classifier_bundle).manifest
    swapped = dataclasses.replace(manifest.heads[0], labels=labels)
    seal(classifier_bundle, manifest.encoder, (swapped,), manifest.provenance)
    result = report(tiny_classifier, classifier_bundle)
    assert outputs_of(result.failures) == {"probabilities", "probabilities, padded"}
    assert len({failure.row for failure in result.failures}) > N_TEXTS // 2


def test_label_that_changes_is_refused_only_where_the_source_is_clear(
    tiny_classifier: Path, classifier_bundle: Path
) -> None:
    def lean(path: Path) -> None:
        import onnx

        model = onnx.load(path)
        for tensor in model.graph.initializer:
            if tensor.name == "classifier.bias":
                bias = onnx.numpy_helper.to_array(tensor) + np.array([100, -100], np.float32)
                tensor.CopyFrom(onnx.numpy_helper.from_array(bias.astype(np.float32), tensor.name))
        path.write_bytes(model.SerializeToString())

    change_file(classifier_bundle, "heads/classifier.onnx", lean)
    lenient = Gate(max_abs_difference=2.0, label_margin=0.0)
    refused = report(tiny_classifier, classifier_bundle, lenient)
    assert outputs_of(refused.failures) == {"probabilities", "probabilities, padded"}
    agreement = next(c.label_agreement for c in refused.parity.comparisons if c.output == "probabilities")
    changed = len({failure.row for failure in refused.failures if failure.output == "probabilities"})
    assert agreement == pytest.approx(1 - changed / len(gate_texts(tiny_classifier)))
    blind = Gate(max_abs_difference=2.0, label_margin=1.0)
    assert not report(tiny_classifier, classifier_bundle, blind).failures


def test_one_large_coordinate_does_not_hide_behind_the_norm_of_others(
    tiny_checkpoint: Path, sentence_bundle: Path
) -> None:
    def shift(bias: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        bias[3] += np.float32(0.01)
        return bias

    change_weight(sentence_bundle, "layer.1.ffn.norm.bias", shift)
    assert outputs_of(report(tiny_checkpoint, sentence_bundle).failures) >= {"cls", "mean", "embedding"}


@pytest.mark.parametrize("name", ["bert", "distilbert", "mpnet"])
def test_export_of_a_broken_graph_writes_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def save_scaled(tensors: dict[str, np.ndarray[Any, Any]], path: Path) -> None:
        key = "layer.0.attention.output.bias"
        save_file(tensors | {key: tensors[key] * np.float32(1.1)}, path)

    source = write_checkpoint(tmp_path / "source", name)
    monkeypatch.setattr(encoder_files, "save_file", save_scaled)
    with pytest.raises(ParityError) as caught:
        export(source, tmp_path / "out" / "bundle")
    assert caught.value.report.failures[0].output == "cls"
    assert list((tmp_path / "out").iterdir()) == []


def test_broken_export_leaves_the_old_bundle(
    tiny_checkpoint: Path, sentence_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Bundle.open(sentence_bundle).digest
    monkeypatch.setattr(blocks, "MASKED", 0.0)
    with pytest.raises(ParityError):
        export(tiny_checkpoint, sentence_bundle, force=True)
    after = Bundle.open(sentence_bundle)
    after.verify()
    assert after.digest == before
