"""The gate: an honest bundle passes with its figures, a broken one fails with the rows and outputs that differ."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from claxon.bundle import Bundle
from claxon.errors import InputError
from claxon.manifest import Comparison, Parity
from claxon_export import encoder_files, exporting
from claxon_export.architectures import blocks
from claxon_export.checkpoint import Pooling, open_checkpoint
from claxon_export.errors import ParityError
from claxon_export.exporting import export
from claxon_export.parity import (
    PADDED_TEXTS,
    Failure,
    Gate,
    ParityReport,
    check_parity,
    cosine,
    packaged_texts,
    parity_report,
)
from claxon_export.seal import seal
from tests.checkpoints import write_checkpoint

# What two float32 implementations of two layers of width 32 may differ by; the gate allows 1e-4.
TOLERANCE = 2e-6
LABELS = ("NEGATIVE", "POSITIVE")
N_TEXTS = 64

pytestmark = pytest.mark.usefixtures("numpy_source")


@pytest.fixture
def sentence_bundle(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    return export(tiny_checkpoint, tmp_path / "sentence", verify=False).path


@pytest.fixture
def classifier_bundle(tiny_classifier: Path, tmp_path: Path) -> Path:
    return export(tiny_classifier, tmp_path / "classifier", verify=False).path


def change_file(bundle: Path, name: str, change: Callable[[Path], None]) -> None:
    """Change a file and seal the bundle again, so that only the gate can notice."""
    manifest = Bundle.open(bundle).manifest
    change(bundle / name)
    seal(bundle, manifest.encoder, manifest.heads, manifest.provenance)


def change_weight(bundle: Path, name: str, change: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]) -> None:
    def rewrite(path: Path) -> None:
        tensors = load_file(path)
        save_file(tensors | {name: change(tensors[name])}, path)

    change_file(bundle, "encoder.safetensors", rewrite)


def report(source: Path, bundle: Path, gate: Gate | None = None) -> ParityReport:
    return parity_report(open_checkpoint(source), bundle, (), gate or Gate())


def outputs_of(failures: tuple[Failure, ...]) -> set[str]:
    return {failure.output for failure in failures}


def test_packaged_texts_are_64_different_ones_of_many_lengths() -> None:
    texts = packaged_texts()
    assert len(texts) == len(set(texts)) == N_TEXTS
    lengths = {len(text) for text in texts}
    assert min(lengths) <= 1
    assert max(lengths) > 1000
    assert len(lengths) > 30
    assert not all(text.isascii() for text in texts)


def test_honest_sentence_encoder_passes_with_its_figures(tiny_checkpoint: Path, sentence_bundle: Path) -> None:
    parity = check_parity(open_checkpoint(tiny_checkpoint), sentence_bundle)
    names = ("cls", "mean", "embedding")
    assert [c.output for c in parity.comparisons] == [*names, *(f"{name}, padded" for name in names)]
    assert (parity.source, parity.texts) == ("numpy reference", N_TEXTS)
    assert parity.texts_sha256 == hashlib.sha256("\0".join(packaged_texts()).encode()).hexdigest()
    for comparison in parity.comparisons:
        assert comparison.max_abs_difference < TOLERANCE
        assert comparison.min_cosine is not None
        assert comparison.mean_cosine is not None
        assert 0.99999 < comparison.min_cosine <= comparison.mean_cosine <= 1.000001
        assert comparison.label_agreement is None


def test_honest_classifier_passes_with_its_labels(tiny_classifier: Path, classifier_bundle: Path) -> None:
    parity = check_parity(open_checkpoint(tiny_classifier), classifier_bundle)
    by_name = {comparison.output: comparison for comparison in parity.comparisons}
    assert "embedding" not in by_name
    for name in ("probabilities", "probabilities, padded"):
        assert by_name[name].label_agreement == 1
        assert by_name[name].min_cosine is None
        assert by_name[name].max_abs_difference < TOLERANCE


def test_source_is_transformers_where_it_is_installed(
    tiny_classifier: Path, classifier_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    monkeypatch.undo()
    parity = check_parity(open_checkpoint(tiny_classifier), classifier_bundle)
    assert parity.source == f"transformers {transformers.__version__}, torch {torch.__version__}"
    assert max(comparison.max_abs_difference for comparison in parity.comparisons) < TOLERANCE


def test_more_texts_come_after_the_packaged_ones(tiny_checkpoint: Path, sentence_bundle: Path) -> None:
    more = ["a great book", "an awful film " * 40]
    parity = check_parity(open_checkpoint(tiny_checkpoint), sentence_bundle, more)
    assert parity.texts == N_TEXTS + 2
    assert parity.texts_sha256 == hashlib.sha256("\0".join([*packaged_texts(), *more]).encode()).hexdigest()


def test_text_that_is_none_is_an_input_error(tiny_checkpoint: Path, sentence_bundle: Path) -> None:
    with pytest.raises(InputError, match="row 65"):
        check_parity(open_checkpoint(tiny_checkpoint), sentence_bundle, ["fine", None])  # type: ignore[list-item]


def test_scaled_bias_fails_every_output(tiny_checkpoint: Path, sentence_bundle: Path) -> None:
    change_weight(sentence_bundle, "layer.1.ffn.output.bias", lambda bias: bias * np.float32(1.1))
    found = report(tiny_checkpoint, sentence_bundle)
    names = {"cls", "mean", "embedding"}
    assert outputs_of(found.failures) == names | {f"{name}, padded" for name in names}
    assert {failure.row for failure in found.failures} == set(range(N_TEXTS))
    texts = packaged_texts()
    assert all(failure.text == texts[failure.row] for failure in found.failures)


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
    assert N_TEXTS + 1 in rows
    assert N_TEXTS not in rows


def test_error_says_how_many_texts_which_rows_and_which_outputs(tiny_checkpoint: Path, sentence_bundle: Path) -> None:
    change_weight(sentence_bundle, "layer.1.ffn.output.bias", lambda bias: bias * np.float32(1.1))
    with pytest.raises(ParityError) as caught:
        check_parity(open_checkpoint(tiny_checkpoint), sentence_bundle)
    message = str(caught.value)
    assert message.startswith(f"the bundle differs from its source on {N_TEXTS} of {N_TEXTS} texts")
    assert "nothing was written" in message
    assert "row 0, cls: differs by" in message
    assert "embedding, padded: max difference" in message
    assert f"and {len(caught.value.report.failures) - 5} more" in message


def test_weight_that_is_not_a_number_fails(tiny_checkpoint: Path, sentence_bundle: Path) -> None:
    change_weight(sentence_bundle, "layer.0.attention.output.bias", lambda bias: bias * np.float32("nan"))
    assert {failure.row for failure in report(tiny_checkpoint, sentence_bundle).failures} == set(range(N_TEXTS))


def test_padding_that_is_attended_to_fails_in_the_padded_batch_only(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "MASKED", 0.0)
    export(tiny_checkpoint, tmp_path / "out", verify=False)
    found = report(tiny_checkpoint, tmp_path / "out")
    assert outputs_of(found.failures) == {"cls, padded", "mean, padded", "embedding, padded"}
    assert len({failure.row for failure in found.failures}) == PADDED_TEXTS - 1  # the longest has no padding


def test_wrong_pooling_fails_in_the_embedding_only(tiny_checkpoint: Path, tmp_path: Path) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint)
    wrong = dataclasses.replace(checkpoint, pooling=Pooling.CLS)
    exporting._write(wrong, tmp_path, exporting.Exporter.NATIVE, (), verify=False)
    assert outputs_of(report(tiny_checkpoint, tmp_path).failures) == {"embedding", "embedding, padded"}


def test_wrong_tokenizer_fails_in_the_ids(tiny_checkpoint: Path, sentence_bundle: Path) -> None:
    def keep_case(path: Path) -> None:
        content = json.loads(path.read_text(encoding="utf-8"))
        content["normalizer"]["lowercase"] = False
        path.write_text(json.dumps(content), encoding="utf-8")

    change_file(sentence_bundle, "tokenizer.json", keep_case)
    failures = report(tiny_checkpoint, sentence_bundle).failures
    texts = packaged_texts()
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
    found = report(tiny_classifier, classifier_bundle)
    assert outputs_of(found.failures) == {"probabilities", "probabilities, padded"}
    assert len({failure.row for failure in found.failures}) > N_TEXTS // 2


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
    assert agreement == pytest.approx(1 - changed / N_TEXTS)
    blind = Gate(max_abs_difference=2.0, label_margin=1.0)
    assert not report(tiny_classifier, classifier_bundle, blind).failures


def test_gate_is_the_documented_one() -> None:
    assert Gate() == Gate(max_abs_difference=1e-4, label_margin=1e-3)


def test_gate_is_an_upper_limit(tiny_checkpoint: Path, sentence_bundle: Path) -> None:
    honest = report(tiny_checkpoint, sentence_bundle)
    worst = max(comparison.max_abs_difference for comparison in honest.parity.comparisons)
    assert not honest.failures
    assert report(tiny_checkpoint, sentence_bundle, Gate(max_abs_difference=worst / 2)).failures


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


def test_report_reads_as_lines() -> None:
    parity = Parity("numpy reference", 2, "0" * 64, (Comparison("cls", 2e-3, 0.999, 0.99), Comparison("p", 0.5)))
    failures = tuple(Failure(row, "cls", "differs by 2.00e-03", "word " * 40) for row in range(7))
    lines = str(ParityReport(parity, failures)).splitlines()
    assert lines[0] == "2 texts against numpy reference"
    assert lines[1] == "  cls: max difference 2.0e-03, worst cosine 0.9900000"
    assert lines[2] == "  p: max difference 5.0e-01"
    assert lines[3].startswith("  row 0, cls: differs by 2.00e-03: 'word word")
    assert len(lines[3]) < 110
    assert lines[-1] == "  and 2 more"
    assert "labels equal 50.00%" in str(
        ParityReport(Parity("s", 2, "0" * 64, (Comparison("p", 0.5, label_agreement=0.5),)), ())
    )


def test_cosine_is_that_of_rows() -> None:
    a = np.array([[1, 0], [1, 1], [2, 0], [0, 0]], np.float32)
    b = np.array([[3, 0], [1, -1], [-1, 0], [1, 0]], np.float32)
    np.testing.assert_allclose(cosine(a, b), [1, 0, -1, 0], rtol=0, atol=1e-12)
