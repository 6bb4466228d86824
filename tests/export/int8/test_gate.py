"""int8 against fp32: what passes, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import Precision
from claxon_export.errors import ParityError
from claxon_export.int8.gate import check_int8
from claxon_export.int8.repetitive import judging_repetitions
from claxon_export.parity.parity import packaged_texts
from claxon_export.parity.precision_gate import PrecisionGate
from claxon_export.pipeline import export


@pytest.fixture(scope="module")
def bundle(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("gate") / "bundle"
    return export(tiny_checkpoint, out, precision=("fp32", "int8"), verify=False).path


def test_the_figures_are_those_of_every_feature(bundle: Path) -> None:
    parity = check_int8(bundle, None, ["one more text"], PrecisionGate(0.9, 0.9, 0.2))
    assert [c.output for c in parity.comparisons] == ["cls", "mean", "embedding"]
    assert parity.texts == len(packaged_texts()) + len(judging_repetitions()) + 1
    assert all(c.mean_cosine is not None and 0.9 < c.mean_cosine < 1 for c in parity.comparisons)


def test_a_text_below_the_worst_cosine_is_named(bundle: Path) -> None:
    with pytest.raises(ParityError, match=r"int8 differs from fp32 on .* texts, so nothing was written") as caught:
        check_int8(bundle, None, gate=PrecisionGate(0.99, 1.1, 0.2))
    assert {failure.output for failure in caught.value.report.failures} == {"cls", "mean", "embedding"}


def test_a_mean_that_is_too_low_is_told(bundle: Path) -> None:
    with pytest.raises(ParityError, match=r"int8 keeps a mean cosine of cls 0\.\d+, .*, below 1.1"):
        check_int8(bundle, None, gate=PrecisionGate(1.1, 0, 0.2))


def test_a_clear_label_must_not_change(tiny_classifier: Path, tmp_path: Path) -> None:
    out = export(tiny_classifier, tmp_path / "bundle", precision=("fp32", "int8"), verify=False)
    labels = [str(label) for label in out.manifest.heads[0].labels]
    agreement = {
        c.output: c.label_agreement for c in check_int8(out.path, labels, gate=PrecisionGate(0, 0, 0.2)).comparisons
    }
    assert agreement["probabilities"] is not None
    assert agreement["probabilities"] > 0.9
    assert Bundle.open(out.path).manifest.encoder.variants[1].precision is Precision.INT8
