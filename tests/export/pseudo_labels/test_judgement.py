"""Shares of texts, counted by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from claxon.bundle.bundle import Bundle
from claxon_export.pseudo_labels.judgement import Judgement
from claxon_export.pseudo_labels.selection import Selection
from claxon_export.pseudo_labels.truth import UNKNOWN, KnownTruth

TEXTS = [f"text {i}" for i in range(6)]
SCORES = np.array([[0.9, 0.1], [0.8, 0.3], [0.6, 0.5], [0.2, 0.7], [0.4, 0.5], [0.5, 0.4]], np.float32)
NEAREST = SCORES.argmax(axis=1)
SELECTION = Selection(NEAREST, np.abs(SCORES[:, 0] - SCORES[:, 1]).astype(np.float64), np.array([0, 1, 3]))
HELD_OUT = np.array([False, False, False, False, True, True])


def judged(truth: list[int], result: list[int] | None) -> Judgement:
    known = KnownTruth(np.array(truth), HELD_OUT & (np.array(truth) != UNKNOWN))
    return Judgement(["a", "b"], TEXTS, SCORES, SELECTION, known, None if result is None else np.array(result))


def test_shares_are_of_the_texts_that_they_say(tiny_bundle: Path) -> None:
    report = judged([0, 1, 0, UNKNOWN, 1, 1], [0, 0, 1, 1, 0, 1]).report(Bundle.open(tiny_bundle), "mood")
    assert (report.n_rest, report.agreement) == (1, 0.0)  # row 2: similarity says a, the head b
    truth = report.truth
    assert truth is not None
    assert (truth.n_held_out, truth.similarity_accuracy, truth.head_accuracy) == (2, 0.5, 0.5)
    assert truth.baseline_accuracy == 0.0  # a is most common among rows 0, 1, 2; rows 4 and 5 are b
    assert (truth.n_chosen, truth.chosen_accuracy) == (2, 0.5)
    assert [choice.n_nearest for choice in report.labels] == [4, 2]
    assert [choice.examples for choice in report.labels] == [("text 0", "text 1"), ("text 3",)]
    assert [(pseudo.row, pseudo.label) for pseudo in report.pseudo_labels] == [(0, "a"), (1, "a"), (3, "b")]
    assert report.pseudo_labels[0].margin == pytest.approx(0.8)


def test_without_truth_and_head_nothing_is_judged(tiny_bundle: Path) -> None:
    report = judged([UNKNOWN] * 6, None).report(Bundle.open(tiny_bundle), "mood")
    assert (report.agreement, report.truth, report.is_trial, report.n_rest) == (None, None, True, 3)


def test_a_truth_of_held_out_texts_alone_has_no_baseline(tiny_bundle: Path) -> None:
    report = judged([UNKNOWN] * 4 + [1, 1], [0, 0, 1, 1, 0, 1]).report(Bundle.open(tiny_bundle), "mood")
    assert report.truth is not None
    assert (report.truth.n_held_out, report.truth.baseline_accuracy) == (2, None)
    assert "baseline" not in str(report)
