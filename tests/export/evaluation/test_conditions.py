"""What ran on which texts."""

from __future__ import annotations

from pathlib import Path

import claxon
from claxon.heads.decision import Abstention
from claxon_export.data.labelled import LabelledTexts, Skipped
from claxon_export.evaluation.conditions import conditions_of, source_of
from claxon_export.evaluation.head_evaluation import Resampling


def test_conditions_tell_evaluations_apart(tiny_bundle: Path) -> None:
    with claxon.Encoder.load(tiny_bundle, device="cpu", precision="fp32", max_tokens=16) as encoder:
        result = conditions_of(encoder, Abstention(0.5, 0.1), Resampling(100, 7))
        assert result.digest == encoder.bundle.digest
    assert (result.bundle, result.precision, result.device, result.max_tokens) == (tiny_bundle.name, "fp32", "cpu", 16)
    assert (result.threshold, result.margin, result.resamples, result.seed) == (0.5, 0.1, 100, 7)
    assert result.versions["claxon"] == claxon.__version__
    assert {"onnxruntime", "scikit-learn", "numpy", "python"} <= result.versions.keys()


def test_source_counts_labels_and_what_was_left_out() -> None:
    labelled = LabelledTexts("t.csv", ("a", "b", "c"), (1, 0, 2), (2, 3, 9), "f" * 64, Skipped((4, 5), (6,)))
    result = source_of(labelled, [0, 1, 1][:2])
    assert (result.name, result.place, result.texts, result.sha256) == ("t.csv", "line", 2, "f" * 64)
    assert result.label_counts == {"0": 1, "1": 1}
    assert result.left_out == {
        "without text": 2,
        "without a label": 1,
        "with a label that a head does not know": 1,
    }
