"""What was found becomes JSON, and is read back as it was."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from claxon.bundle.manifest import LabelValue
from claxon_export.evaluation.results import EVALUATION_SCHEMA
from claxon_export.metrics.results import Comparison, Estimate, Metric, spelled
from tests.evaluations import sample_evaluation


def test_json_holds_every_figure_and_no_vectors() -> None:
    evaluation = sample_evaluation()
    result = json.loads(evaluation.to_json())
    assert result["schema"] == EVALUATION_SCHEMA
    assert "sample" not in result
    head = evaluation.heads[0]
    assert result["heads"][0]["metrics"]["accuracy"]["value"] == head.metrics[Metric.ACCURACY].value
    assert result["heads"][0]["confusion"] == [list(row) for row in head.confusion]
    assert result["heads"][1]["reliability"] is None
    assert result["heads"][0]["wrong"][0]["text"] == head.wrong[0].text


def test_same_content_same_json() -> None:
    assert sample_evaluation().to_json() == sample_evaluation().to_json()
    assert sample_evaluation() == sample_evaluation()


def test_what_is_no_number_never_becomes_json() -> None:
    evaluation = sample_evaluation()
    endless = replace(evaluation, conditions=replace(evaluation.conditions, threshold=float("inf")))
    with pytest.raises(ValueError, match="not JSON compliant"):
        endless.to_json()


def test_a_head_is_found_by_its_name() -> None:
    evaluation = sample_evaluation()
    assert evaluation.head("topic") is evaluation.heads[1]
    with pytest.raises(KeyError, match="moood"):
        evaluation.head("moood")


@pytest.mark.parametrize(("label", "words"), [(True, "true"), (False, "false"), (3, "3"), ("True", "True")])
def test_labels_as_they_are_written(label: LabelValue, words: str) -> None:
    assert spelled(label) == words


def test_losses_are_the_metrics_that_are_better_when_smaller() -> None:
    assert [metric for metric in Metric if metric.is_loss] == [Metric.LOG_LOSS, Metric.CALIBRATION_ERROR]


def test_a_comparison_is_turned_where_the_second_is_better() -> None:
    result = Comparison("a", "b", 3, 9, Estimate(-0.06, -0.1, -0.02), 0.1, "exact binomial")
    turned = result.better_first
    assert (turned.first, turned.second, turned.only_first_right, turned.only_second_right) == ("b", "a", 9, 3)
    assert turned.difference == Estimate(0.06, 0.02, 0.1)
    assert turned.better_first is turned
