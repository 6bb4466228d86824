"""What is said of a bootstrapped head."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from claxon.bundle.bundle import Bundle
from claxon_export.pseudo_labels.report import (
    QUOTED_CHARACTERS,
    BootstrapReport,
    LabelChoice,
    PseudoLabel,
    Truth,
    bootstrap_lines,
)


@pytest.fixture
def report(tiny_bundle: Path) -> BootstrapReport:
    labels = (
        LabelChoice("good", 1200, 360, 0.0312, ("great\nbook", "long " * 40)),
        LabelChoice("bad", 3, 0, None, ()),
    )
    truth = Truth(200, 0.61, 0.655, 0.52, 300, 0.803)
    pseudo = (PseudoLabel(0, "good", 0.9, 0.2),)
    return BootstrapReport(Bundle.open(tiny_bundle), "mood", labels, pseudo, 4000, 3440, 0.912, truth, is_trial=False)


def test_everything_is_said(report: BootstrapReport) -> None:
    shown = str(report)
    assert shown == "\n".join(bootstrap_lines(report))
    words = " ".join(shown.split())
    assert "1 of 4,000 texts" in words
    assert "pseudo-labels, not the truth" in words
    assert "good 1,200 360 0.0312" in words
    assert "bad 3 0 -" in words
    assert "good: “great book”" in words
    assert "agreement 0.912 of 3,440 other texts" in words
    assert "0.803 of the pseudo-labels used for training are right, where the truth is known (300 texts)" in words
    assert "head 0.655, similarity 0.610, baseline 0.520, of 200 texts held out" in words
    assert f"claxon predict {report.bundle.path} --head mood" in shown


def test_a_head_that_is_no_better_than_similarity_is_not_praised(report: BootstrapReport) -> None:
    assert "the head is no more accurate than similarity" not in str(report)
    assert report.truth is not None
    worse = replace(report, truth=replace(report.truth, head_accuracy=0.61))
    assert "the head is no more accurate than similarity" in " ".join(str(worse).split())


def test_long_examples_are_cut(report: BootstrapReport) -> None:
    (line,) = [line for line in bootstrap_lines(report) if "long long" in line]
    assert line.endswith("…”")
    assert len(line) < QUOTED_CHARACTERS + 20


def test_a_trial_says_so(report: BootstrapReport) -> None:
    trial = replace(report, is_trial=True, agreement=None, truth=None)
    shown = str(trial)
    assert "(not added)" in shown
    assert "--dry-run" in shown
    assert "claxon predict" not in shown
    assert "accuracy" not in shown
