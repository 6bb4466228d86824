"""Classifiers that look at no text."""

from __future__ import annotations

import numpy as np
import pytest

from claxon_export.metrics.baselines import Baseline, baseline_answers
from tests.evaluations import drawn_truth


def test_the_commonest_label_is_always_named() -> None:
    truth = np.array([2, 1, 1, 2, 2])
    result = baseline_answers(truth, 3, seed=0)[Baseline.MOST_FREQUENT]
    assert result.predicted.tolist() == [2] * 5
    assert result.probabilities is not None
    assert result.probabilities[0].tolist() == pytest.approx([0, 0.4, 0.6])


def test_drawn_labels_have_the_shares_of_the_truth() -> None:
    truth = drawn_truth(5000, 4)
    drawn = baseline_answers(truth, 4, seed=0)[Baseline.STRATIFIED].predicted
    assert np.bincount(drawn) / 5000 == pytest.approx(np.bincount(truth) / 5000, abs=0.03)


def test_the_draw_has_a_seed() -> None:
    truth = drawn_truth(200, 4)
    first, again, other = (baseline_answers(truth, 4, seed)[Baseline.STRATIFIED].predicted for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_one_label_only() -> None:
    result = baseline_answers(np.zeros(3, np.int64), 2, seed=0)
    assert all(answer.predicted.tolist() == [0, 0, 0] for answer in result.values())
