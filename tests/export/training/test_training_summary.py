"""What `claxon fit` prints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import Feature, LabelValue
from claxon_export.metrics.scores import Interval, Scores
from claxon_export.training.calibration import Calibration, CalibrationKind
from claxon_export.training.few_shot import FewShotCurve, FewShotPoint
from claxon_export.training.report import FitReport
from claxon_export.training.search import Candidate, Search
from claxon_export.training.summary import fit_lines

SCORES = Scores(0.7, Interval(0.6, 0.8), 0.65, 0.9, 0.05)


def report(bundle: Path) -> FitReport:
    return FitReport(
        bundle=Bundle.open(bundle),
        head="sentiment",
        feature=Feature.EMBEDDING,
        labels=("a", "b"),
        n_train=1200,
        n_test=300,
        accuracy=0.7,
        baseline_accuracy=0.5,
        C=3.16,
        counts={"a": 1000, "b": 500},
        precision="int8",
        device="cpu",
        n_skipped=12,
        scores=SCORES,
    )


def test_the_figures_are_told(tiny_bundle: Path) -> None:
    lines = [line.strip() for line in fit_lines(report(tiny_bundle))]
    assert "rows      1,200 for training, 300 held out; 12 rows left out" in lines
    assert "classes   2: a 1,000, b 500" in lines
    assert "features  embedding, int8 on cpu" in lines
    assert "C         3.16" in lines
    assert "accuracy  0.700 on the texts held out (95 % interval 0.600 to 0.800)" in lines
    assert "macro F1  0.650" in lines
    assert "baseline  0.500 for always predicting the most common label" in lines
    assert "log loss  0.900, expected calibration error 0.050" in lines
    assert lines[-1].endswith("--head sentiment")


def test_without_held_out_texts_no_figure_is_claimed(tiny_bundle: Path) -> None:
    bare = replace(report(tiny_bundle), n_test=0, accuracy=None, baseline_accuracy=None, scores=None)
    text = "\n".join(fit_lines(bare))
    assert "1,200 for training, none held out" in text
    assert "accuracy  unknown: no texts were held out" in text
    assert "baseline" not in text


def test_calibrations_are_told(tiny_bundle: Path) -> None:
    after = Scores(0.7, Interval(0.6, 0.8), 0.65, 0.8, 0.02)
    temperature = Calibration(CalibrationKind.TEMPERATURE, 0.5)
    judged = replace(report(tiny_bundle), scores=after, uncalibrated=SCORES, calibration=temperature)
    text = " ".join(" ".join(fit_lines(judged)).split())
    assert "temperature 2.000; expected calibration error 0.050 to 0.020, log loss 0.900 to 0.800" in text
    platt = Calibration(CalibrationKind.PLATT, 0.5, -0.25)
    blind = replace(judged, calibration=platt, scores=None, uncalibrated=None)
    assert "Platt: logit x 0.500 - 0.250; not evaluated, as no texts were held out" in "\n".join(fit_lines(blind))


def test_the_comparison_marks_what_was_chosen(tiny_bundle: Path) -> None:
    tried = (Candidate(Feature.MEAN, 1.0, 0.5, 0.8), Candidate(Feature.CLS, 10.0, 0.6, 0.9))
    text = "\n".join(fit_lines(replace(report(tiny_bundle), search=Search(tried, 900))))
    assert "C         3.16, by cross-validated log loss on 900 of the training texts" in text
    assert "mean        1     0.5000      0.800   chosen\n" in text
    assert "cls        10     0.6000      0.900" in text


def test_only_what_was_chosen_is_said_to_be(tiny_bundle: Path) -> None:
    by = ", by cross-validated log loss on 900 of the training texts"
    features = (Candidate(Feature.MEAN, 3.0, 0.5, 0.8), Candidate(Feature.CLS, 3.0, 0.6, 0.9))
    text = "\n".join(fit_lines(replace(report(tiny_bundle), search=Search(features, 900))))
    assert f"features  embedding{by}; int8 on cpu\n" in text
    assert "C         3.16\n" in text
    strengths = (Candidate(Feature.MEAN, 1.0, 0.5, 0.8), Candidate(Feature.MEAN, 3.0, 0.6, 0.9))
    text = "\n".join(fit_lines(replace(report(tiny_bundle), search=Search(strengths, 900))))
    assert "features  embedding, int8 on cpu\n" in text
    assert f"C         3.16{by}\n" in text


def test_the_curve_is_a_table_and_a_sentence(tiny_bundle: Path) -> None:
    points = (
        FewShotPoint(8, 16, 5, 0.6, 0.05, Interval(0.5, 0.65)),
        FewShotPoint(None, 1200, 1, 0.7, 0.0, Interval(0.7, 0.7)),
    )
    text = "\n".join(fit_lines(replace(report(tiny_bundle), curve=FewShotCurve(points, "label more"))))
    assert "8                     16      0.600       0.050   0.500 to 0.650" in text
    assert "all                1,200      0.700\n" in text
    assert "label more" in text


def test_many_classes_are_counted(tiny_bundle: Path) -> None:
    counts: dict[LabelValue, int] = {f"label {i}": i for i in range(25)}
    many = replace(report(tiny_bundle), labels=tuple(counts), counts=counts)
    assert "label 19 19 and 5 more" in " ".join(" ".join(fit_lines(many)).split())
