"""What a manifest keeps of a fit; the figures themselves are checked where heads are fitted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from claxon_export.data.labelled import read_labelled
from claxon_export.training.calibration import Calibration, CalibrationKind
from claxon_export.training.options import FitOptions
from claxon_export.training.report import COUNTED_LABELS, details_of
from tests.export.training.test_training_summary import report


def test_the_table_is_named_without_its_folder(tiny_bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,label\na,x\nb,y\n")
    details = details_of(report(tiny_bundle), read_labelled(str(path)), FitOptions("sentiment"))
    assert details["data"] == "rows.csv"
    assert (details["rows"], details["training_texts"], details["held_out_texts"]) == (2, 1200, 300)
    assert (details["held_out_accuracy_low"], details["held_out_accuracy_high"]) == (0.6, 0.8)
    assert str(tmp_path) not in str(details)


def test_a_calibration_is_kept_with_its_numbers(tiny_bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,label\na,x\nb,y\n")
    result = replace(report(tiny_bundle), calibration=Calibration(CalibrationKind.PLATT, 0.5, 0.1), scores=None)
    details = details_of(result, read_labelled(str(path)), FitOptions("sentiment", class_weight="balanced"))
    assert (details["calibration"], details["calibration_factor"], details["calibration_shift"]) == ("platt", 0.5, 0.1)
    assert details["class_weight"] == "balanced"
    assert "held_out_accuracy" not in details


def test_many_labels_do_not_fill_the_manifest(tiny_bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,label\na,x\nb,y\n")
    many = replace(report(tiny_bundle), counts={f"label {i}": 1 for i in range(COUNTED_LABELS + 10)})
    counts = details_of(many, read_labelled(str(path)), FitOptions("sentiment"))["class_counts"]
    assert str(counts).endswith("label 49 1 and 10 more")
