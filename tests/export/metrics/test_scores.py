"""Metrics are scikit-learn's; texts without a label count as wrong."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from claxon_export.metrics.results import Metric
from claxon_export.metrics.scores import (
    ABSTAINED,
    Answers,
    confusion_table,
    held_out_scores,
    label_report,
    log_loss,
    log_loss_estimate,
    log_losses,
    table_estimates,
    table_metrics,
    wilson_interval,
)
from tests.evaluations import drawn_scores, drawn_truth


def answers(texts: int = 300, labels: int = 4, threshold: float | None = None) -> Answers:
    truth = drawn_truth(texts, labels)
    return Answers.from_scores(truth, drawn_scores(truth, labels, sharpness=1.0), threshold)


@pytest.mark.parametrize("labels", [2, 5, 20])
@pytest.mark.parametrize("threshold", [None, 0.4])
def test_metrics_are_those_of_scikit_learn(labels: int, threshold: float | None) -> None:
    result = answers(labels=labels, threshold=threshold)
    figures = table_metrics(confusion_table(result))
    occurring = sorted({*result.truth.tolist(), *result.predicted.tolist()} - {ABSTAINED})
    given = {"labels": occurring, "zero_division": 0}
    expected = {
        Metric.ACCURACY: sklearn_metrics.accuracy_score(result.truth, result.predicted),
        Metric.MACRO_F1: sklearn_metrics.f1_score(result.truth, result.predicted, average="macro", **given),
        Metric.WEIGHTED_F1: sklearn_metrics.f1_score(result.truth, result.predicted, average="weighted", **given),
    }
    assert {metric: figures[metric] for metric in expected} == pytest.approx(expected)


def test_macro_f1_is_over_labels_that_are_the_truth_or_were_given() -> None:
    scores = np.eye(4, dtype=np.float32)[[0, 0, 1, 2]]
    result = Answers.from_scores(np.array([0, 0, 1, 1]), scores)
    expected = sklearn_metrics.f1_score([0, 0, 1, 1], [0, 0, 1, 2], average="macro", zero_division=0)
    assert table_metrics(confusion_table(result))[Metric.MACRO_F1] == pytest.approx(expected)


def test_within_one_counts_the_next_step_as_right() -> None:
    result = Answers.from_scores(np.array([0, 1, 4, 2]), np.eye(5, dtype=np.float32)[[1, 1, 2, 1]])
    figures = table_metrics(confusion_table(result))
    assert figures[Metric.ACCURACY] == 0.25
    assert figures[Metric.WITHIN_ONE] == 0.75


def test_a_text_without_a_label_is_wrong_and_not_counted_among_the_answered() -> None:
    scores = np.array([[0.9, 0.1], [0.45, 0.55], [0.2, 0.8]], np.float32)
    result = Answers.from_scores(np.array([0, 1, 0]), scores, threshold=0.6)
    assert result.predicted.tolist() == [0, ABSTAINED, 1]
    assert result.best.tolist() == [0, 1, 1]
    figures = table_metrics(confusion_table(result))
    assert figures[Metric.ACCURACY] == pytest.approx(1 / 3)
    assert figures[Metric.COVERAGE] == pytest.approx(2 / 3)
    assert figures[Metric.ANSWERED_ACCURACY] == pytest.approx(1 / 2)


def test_a_score_that_equals_the_threshold_is_a_label() -> None:
    assert Answers.from_scores(np.array([0]), np.array([[0.9, 0.1]], np.float32), threshold=0.9).predicted.tolist() == [
        0
    ]


def test_no_text_answered_has_no_accuracy_of_the_answered() -> None:
    result = answers(threshold=1.5)
    requested = [Metric.ACCURACY, Metric.COVERAGE, Metric.ANSWERED_ACCURACY]
    estimates = table_estimates(confusion_table(result), requested, resamples=20, seed=0)
    assert estimates.keys() == {Metric.ACCURACY, Metric.COVERAGE}
    assert estimates[Metric.COVERAGE].value == 0


@pytest.mark.parametrize("labels", [2, 6])
def test_log_loss_is_that_of_scikit_learn(labels: int) -> None:
    truth = drawn_truth(200, labels)
    scores = drawn_scores(truth, labels)
    scores = scores.astype(np.float64) / scores.sum(axis=1, keepdims=True, dtype=np.float64)
    expected = sklearn_metrics.log_loss(truth, scores, labels=range(labels))
    assert log_losses(truth, scores).mean() == pytest.approx(expected)


def test_log_loss_of_certainty_that_is_wrong_is_finite() -> None:
    scores = np.array([[1.0, 0.0]], np.float32)
    assert log_losses(np.array([1]), scores).item() == pytest.approx(-np.log(np.finfo(np.float32).eps))


def test_estimates_hold_their_value() -> None:
    result = answers()
    requested = [Metric.ACCURACY, Metric.MACRO_F1, Metric.WEIGHTED_F1]
    estimates = [
        *table_estimates(confusion_table(result), requested, resamples=200, seed=0).values(),
        log_loss_estimate(result.truth, result.scores, resamples=200, seed=0),
    ]
    for estimate in estimates:
        assert estimate.low is not None
        assert estimate.high is not None
        assert estimate.low < estimate.value < estimate.high


def test_report_is_that_of_scikit_learn() -> None:
    result = answers(labels=3, threshold=0.4)
    names = ("a", "b", "c")
    expected = sklearn_metrics.classification_report(
        result.truth, result.predicted, labels=[0, 1, 2], target_names=names, output_dict=True, zero_division=0
    )
    for line in label_report(result, names):
        theirs = expected[str(line.label)]
        expected_figures = [theirs[name] for name in ("precision", "recall", "f1-score", "support")]
        assert [line.precision, line.recall, line.f1, line.support] == pytest.approx(expected_figures)
        assert line.predicted == int((result.predicted == names.index(str(line.label))).sum())


def test_table_has_truth_by_rows() -> None:
    result = Answers.from_scores(
        np.array([0, 0, 1]), np.array([[0.2, 0.8], [0.9, 0.1], [0.45, 0.55]], np.float32), threshold=0.6
    )
    assert confusion_table(result).tolist() == [[1, 1, 0], [0, 0, 1]]


def test_a_margin_that_is_too_small_gives_no_label() -> None:
    scores = np.array([[0.6, 0.4], [0.9, 0.1]], np.float32)
    result = Answers.from_scores(np.array([0, 0]), scores, margin=0.5)
    assert result.predicted.tolist() == [ABSTAINED, 0]
    assert result.best.tolist() == [0, 0]


RANDOM = np.random.default_rng(0)
TARGETS = RANDOM.integers(0, 4, 200)
PROBABILITIES = RANDOM.dirichlet(np.ones(5), 200)


def test_held_out_scores_are_scikit_learns() -> None:
    scores = held_out_scores(PROBABILITIES, TARGETS)
    labels = PROBABILITIES.argmax(axis=1)
    assert scores.accuracy == pytest.approx(sklearn_metrics.accuracy_score(TARGETS, labels))
    assert scores.macro_f1 == pytest.approx(sklearn_metrics.f1_score(TARGETS, labels, average="macro"))
    assert scores.log_loss == pytest.approx(sklearn_metrics.log_loss(TARGETS, PROBABILITIES, labels=range(5)))


def test_log_loss_is_weighted_and_finite() -> None:
    probabilities = np.array([[1.0, 0.0], [0.5, 0.5]])
    weights = np.array([3.0, 1.0])
    assert log_loss(probabilities, np.array([0, 1]), weights) == pytest.approx(np.log(2) / 4)
    assert np.isfinite(log_loss(probabilities, np.array([1, 1])))


def test_a_label_that_is_neither_there_nor_given_does_not_count_in_macro_f1() -> None:
    one_hot = np.eye(4, dtype=np.float32)
    assert held_out_scores(one_hot[[0, 0, 3]], np.array([0, 0, 3])).macro_f1 == 1.0
    assert held_out_scores(one_hot[[0, 1]], np.array([0, 0])).macro_f1 == pytest.approx((2 / 3 + 0) / 2)


def test_held_out_calibration_error_by_hand() -> None:
    probabilities = np.array([[0.7, 0.3], [0.68, 0.32], [0.1, 0.9], [0.5, 0.5]])
    targets = np.array([0, 1, 1, 0])
    # 0.7 and 0.68 share the bin from 10/15 to 11/15, half of them right; 0.9 and 0.5 have one each.
    expected = (abs(0.7 + 0.68 - 1) + abs(0.9 - 1) + abs(0.5 - 1)) / 4
    assert held_out_scores(probabilities, targets).calibration_error == pytest.approx(expected)
    assert held_out_scores(np.array([[1.0, 0.0]]), np.array([0])).calibration_error == 0.0


@pytest.mark.parametrize(
    ("right", "total", "low", "high"), [(81, 263, 0.2553, 0.3662), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0)]
)
def test_wilsons_interval_is_the_published_one(right: int, total: int, low: float, high: float) -> None:
    result = wilson_interval(right, total)
    assert [result.low, result.high] == pytest.approx([low, high], abs=1e-4)


def test_the_log_loss_is_that_of_an_evaluation() -> None:
    probabilities = np.array([[1.0 - 1e-12, 1e-12], [0.3, 0.7]])
    targets = np.array([1, 1])
    expected = log_losses(targets, probabilities.astype(np.float32)).mean()
    assert held_out_scores(probabilities, targets).log_loss == pytest.approx(expected, rel=1e-12)
