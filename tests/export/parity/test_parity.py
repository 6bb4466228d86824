"""The gate: an honest bundle passes with its figures; and how a report reads."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claxon.encoder.encoder import Encoder
from claxon.errors import InputError
from claxon_export.checkpoint.checkpoint import open_checkpoint
from claxon_export.parity import parity as parity_module
from claxon_export.parity.parity import AloneOutputs, Gate, check_parity, cosine, packaged_texts
from tests.broken_bundles import report
from tests.gate_texts import gate_texts

# What two float32 implementations of two layers of width 32 may differ by; the gate allows 1e-4.
TOLERANCE = 2e-6
LABELS = ("NEGATIVE", "POSITIVE")
N_TEXTS = 64

pytestmark = pytest.mark.usefixtures("numpy_source")


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
    assert (parity.source, parity.texts) == ("numpy reference", len(gate_texts(tiny_checkpoint)))
    assert parity.texts_sha256 == hashlib.sha256("\0".join(gate_texts(tiny_checkpoint)).encode()).hexdigest()
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
    libraries = f"transformers {transformers.__version__}, torch {torch.__version__}"
    assert parity.source == f'{libraries}, pipeline("text-classification") {transformers.__version__}'
    assert max(comparison.max_abs_difference for comparison in parity.comparisons) < TOLERANCE


def test_more_texts_come_after_the_packaged_ones(tiny_checkpoint: Path, sentence_bundle: Path) -> None:
    more = ["a great book", "an awful film " * 40]
    parity = check_parity(open_checkpoint(tiny_checkpoint), sentence_bundle, more)
    assert parity.texts == len(gate_texts(tiny_checkpoint)) + 2
    assert parity.texts_sha256 == hashlib.sha256("\0".join([*gate_texts(tiny_checkpoint), *more]).encode()).hexdigest()


def test_text_that_is_none_is_an_input_error(tiny_checkpoint: Path, sentence_bundle: Path) -> None:
    with pytest.raises(InputError, match=f"row {len(gate_texts(tiny_checkpoint)) + 1}"):
        check_parity(open_checkpoint(tiny_checkpoint), sentence_bundle, ["fine", None])  # type: ignore[list-item]


def test_gate_is_the_documented_one() -> None:
    assert Gate() == Gate(max_abs_difference=1e-4, label_margin=1e-3)


def test_gate_is_an_upper_limit(tiny_checkpoint: Path, sentence_bundle: Path) -> None:
    honest = report(tiny_checkpoint, sentence_bundle)
    worst = max(comparison.max_abs_difference for comparison in honest.parity.comparisons)
    assert not honest.failures
    assert report(tiny_checkpoint, sentence_bundle, Gate(max_abs_difference=worst / 2)).failures


def test_cosine_is_that_of_rows() -> None:
    a = np.array([[1, 0], [1, 1], [2, 0], [0, 0]], np.float32)
    b = np.array([[3, 0], [1, -1], [-1, 0], [1, 0]], np.float32)
    np.testing.assert_allclose(cosine(a, b), [1, 0, -1, 0], rtol=0, atol=1e-12)


def test_outputs_of_a_text_are_computed_once(sentence_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[list[str]] = []
    real = parity_module.bundle_outputs

    def spy(encoder: Encoder, texts: Sequence[str], labels: Sequence[str] | None, batch_size: int) -> Any:
        runs.append(list(texts))
        return real(encoder, texts, labels, batch_size)

    monkeypatch.setattr(parity_module, "bundle_outputs", spy)
    outputs = AloneOutputs(sentence_bundle, None)
    first = outputs(["good", "a bad book", "good"])
    second = outputs(["the phone", "good"])
    assert runs == [["good", "a bad book"], ["the phone"]]
    assert first["mean"].shape[0] == 3
    np.testing.assert_array_equal(first["mean"][2], first["mean"][0])
    np.testing.assert_array_equal(second["mean"][1], first["mean"][0])
    np.testing.assert_array_equal(second["mean"][0], outputs(["the phone"])["mean"][0])
