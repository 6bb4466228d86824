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
        found = conditions_of(encoder, Abstention(0.5, 0.1), Resampling(100, 7))
        assert found.digest == encoder.bundle.digest
    assert (found.bundle, found.precision, found.device, found.max_tokens) == (tiny_bundle.name, "fp32", "cpu", 16)
    assert (found.threshold, found.margin, found.resamples, found.seed) == (0.5, 0.1, 100, 7)
    assert found.versions["claxon"] == claxon.__version__
    assert {"onnxruntime", "scikit-learn", "numpy", "python"} <= found.versions.keys()


def test_source_counts_labels_and_what_was_left_out() -> None:
    labelled = LabelledTexts("t.csv", ("a", "b", "c"), (1, 0, 2), (2, 3, 9), "f" * 64, Skipped((4, 5), (6,)))
    found = source_of(labelled, [0, 1, 1][:2])
    assert (found.name, found.place, found.texts, found.sha256) == ("t.csv", "line", 2, "f" * 64)
    assert found.label_counts == {"0": 1, "1": 1}
    assert found.left_out == {
        "without text": 2,
        "without a label": 1,
        "with a label that a head does not know": 1,
    }
