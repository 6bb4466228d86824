"""One head's figures: which can be told, and why others cannot."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from claxon_export.evaluation.head_evaluation import has_probabilities, judged_baselines
from claxon_export.metrics.results import Metric
from tests.evaluations import RESAMPLING, drawn_truth, head_spec, judged_head

ALWAYS = {Metric.ACCURACY, Metric.MACRO_F1, Metric.WEIGHTED_F1}
LABELS = ("a", "b", "c")
TRUTH = drawn_truth(90, 3)


def test_probabilities_have_log_loss_and_calibration() -> None:
    head = judged_head("mood", TRUTH, LABELS)
    assert head.metrics.keys() == ALWAYS | {Metric.LOG_LOSS, Metric.CALIBRATION_ERROR}
    assert head.reliability is not None
    assert sum(result.texts for result in head.reliability) == 90


def test_cosines_have_neither_and_say_why() -> None:
    head = judged_head("mood", TRUTH, LABELS, is_cosine=True)
    assert head.metrics.keys() == ALWAYS
    assert head.reliability is None
    for metric in (Metric.LOG_LOSS, Metric.CALIBRATION_ERROR):
        assert head.not_told[metric] == "cosines are not probabilities; a temperature makes them so"


def test_a_temperature_makes_probabilities() -> None:
    spec = head_spec("mood", LABELS, is_cosine=True)
    assert not has_probabilities(spec)
    assert has_probabilities(dataclasses.replace(spec, temperature=0.05))


def test_every_metric_is_told_or_has_a_reason() -> None:
    for options in ({}, {"threshold": 0.6}, {"is_ordered": True}, {"is_cosine": True}, {"threshold": 2.0}):
        head = judged_head("mood", TRUTH, LABELS, **options)
        assert set(head.metrics) | set(head.not_told) == set(Metric)
        assert not set(head.metrics) & set(head.not_told)


def test_abstaining_texts_are_in_the_confusion_and_not_in_the_calibration() -> None:
    without, with_threshold = (judged_head("mood", TRUTH, LABELS, threshold=value) for value in (None, 0.6))
    assert sum(without.abstained) == 0 < sum(with_threshold.abstained)
    assert sum(map(sum, with_threshold.confusion)) + sum(with_threshold.abstained) == 90
    assert with_threshold.reliability == without.reliability
    assert with_threshold.metrics[Metric.COVERAGE].value == 1 - sum(with_threshold.abstained) / 90


def test_steps_of_a_scale() -> None:
    head = judged_head("mood", TRUTH, LABELS, is_ordered=True)
    assert head.metrics[Metric.WITHIN_ONE].value > head.metrics[Metric.ACCURACY].value


def test_baselines_name_their_figures() -> None:
    commonest, drawn = judged_baselines(TRUTH, 3, RESAMPLING, is_ordered=True)
    shares = np.bincount(TRUTH) / len(TRUTH)
    assert commonest.evaluation.metrics[Metric.ACCURACY].value == pytest.approx(shares.max())
    assert commonest.evaluation.metrics[Metric.LOG_LOSS].value == pytest.approx(-(shares * np.log(shares)).sum())
    assert Metric.LOG_LOSS not in drawn.evaluation.metrics
    assert drawn.is_right.mean() == pytest.approx(drawn.evaluation.metrics[Metric.ACCURACY].value)
    assert Metric.WITHIN_ONE in drawn.evaluation.metrics
