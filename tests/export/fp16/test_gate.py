"""fp16 against fp32: what passes, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from claxon_export.errors import ParityError
from claxon_export.fp16 import gate
from claxon_export.fp16.gate import CALIBRATION_TEXTS, FP16_GATE, check_fp16, range_texts
from claxon_export.parity.parity import bundle_outputs, calibration_texts, packaged_texts
from claxon_export.parity.precision_gate import PrecisionGate
from claxon_export.pipeline import export
from tests.checkpoints import write_checkpoint


@pytest.fixture(scope="module")
def bundle(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("gate") / "bundle"
    return export(tiny_checkpoint, out, precision=("fp32", "fp16"), verify=False).path


def test_the_figures_say_how_they_were_made(bundle: Path) -> None:
    parity = check_fp16(bundle, None, ["one more text"])
    assert [c.output for c in parity.comparisons] == ["cls", "mean", "embedding"]
    assert parity.texts == len(packaged_texts()) + 1
    assert parity.source.startswith("the fp32 graph, by the CPU, rounded to float16 after every operator; largest")
    assert all(c.mean_cosine is not None and FP16_GATE.min_mean_cosine <= c.mean_cosine < 1 for c in parity.comparisons)


def test_below_the_gate_is_refused(bundle: Path) -> None:
    with pytest.raises(ParityError, match=r"fp16 keeps a mean cosine of cls [01]\.\d{6}, .*, so nothing was written"):
        check_fp16(bundle, None, gate=PrecisionGate(1.1, 0, 0))


@pytest.mark.parametrize("factor", [3, 0.9])
def test_features_of_another_length_are_refused(bundle: Path, monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    def scaled(*arguments: Any, **options: Any) -> dict[str, Any]:
        return {name: factor * values for name, values in bundle_outputs(*arguments, **options).items()}

    monkeypatch.setattr(gate, "bundle_outputs", scaled)
    with pytest.raises(ParityError, match=r"fp16 differs from fp32 on \d+ texts, so nothing was written"):
        check_fp16(bundle, None)


def test_labels_and_probabilities_are_compared(tiny_classifier: Path, tmp_path: Path) -> None:
    out = export(tiny_classifier, tmp_path / "bundle", precision=("fp32", "fp16"), verify=False)
    labels = [str(label) for label in out.manifest.heads[0].labels]
    result = {c.output: c for c in check_fp16(out.path, labels).comparisons}["probabilities"]
    assert result.label_agreement is not None
    assert result.label_agreement > 0.95
    assert result.max_abs_difference < FP16_GATE.label_margin


def test_a_number_beyond_float16_is_refused_by_name(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "source", "bert")
    tensors = load_file(folder / "model.safetensors")
    tensors["encoder.layer.0.intermediate.dense.weight"] *= 3000
    tensors["encoder.layer.0.output.dense.weight"] *= 30
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    out = export(folder, tmp_path / "bundle", precision=("fp32", "fp16"), verify=False)
    with pytest.raises(ParityError, match=r"float16 ends at 65,504, and these exceed it: layer\.0\.ffn\.") as caught:
        check_fp16(out.path, None)
    assert "use --precision fp32" in str(caught.value.report)


def test_the_range_is_looked_for_in_long_and_odd_texts() -> None:
    texts = range_texts()
    assert len(set(calibration_texts()) & set(texts)) == CALIBRATION_TEXTS
    assert "" in texts
    assert max(len(text.split()) for text in texts) > 2000
    assert np.mean([len(text) for text in texts]) > 100
