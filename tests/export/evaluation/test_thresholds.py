"""What a head must reach, read from words, and what falls short of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from claxon.errors import OptionError
from claxon_export.evaluation.results import Evaluation
from claxon_export.evaluation.thresholds import requirements, shortfalls
from claxon_export.metrics.results import Estimate, Metric
from tests.evaluations import sample_evaluation


def with_metrics(**values: float) -> Evaluation:
    evaluation = sample_evaluation(cosine_head=False)
    metrics = {Metric(name): Estimate(value) for name, value in values.items()}
    return replace(evaluation, heads=(replace(evaluation.heads[0], metrics=metrics),))


def test_words_become_requirements() -> None:
    result = requirements(["accuracy=0.8", "macro_f1=1"], ["log_loss=0.5"])
    assert [str(requirement) for requirement in result] == ["accuracy=0.8", "macro_f1=1", "log_loss=0.5"]


@pytest.mark.parametrize("word", ["acuracy=0.8", "=0.8", "", "0.8"])
def test_unknown_metric_lists_those_that_there_are(word: str) -> None:
    with pytest.raises(OptionError, match=r"unknown metric .* are accuracy, macro_f1, weighted_f1, within_one, "):
        requirements([word])


@pytest.mark.parametrize("word", ["accuracy", "accuracy=", "accuracy=high", "accuracy=nan", "accuracy=inf"])
def test_value_that_is_no_number(word: str) -> None:
    with pytest.raises(OptionError, match=r"expected METRIC=VALUE, such as accuracy=0.8"):
        requirements([word])


def test_losses_and_gains_have_options_of_their_own() -> None:
    with pytest.raises(OptionError, match=r"--fail-under log_loss=0.5: log_loss goes with --fail-over"):
        requirements(["log_loss=0.5"])
    with pytest.raises(OptionError, match=r"--fail-over accuracy=0.5: accuracy goes with --fail-under"):
        requirements([], ["accuracy=0.5"])


@pytest.mark.parametrize(("value", "is_short"), [(0.79, True), (0.8, False), (0.81, False)])
def test_a_gain_falls_short_below_its_value(value: float, is_short: bool) -> None:
    result = shortfalls(with_metrics(accuracy=value), requirements(["accuracy=0.8"]))
    assert result == ([f"accuracy of mood is {value:.4f}, below 0.8"] if is_short else [])


@pytest.mark.parametrize(("value", "is_short"), [(0.51, True), (0.5, False), (0.4, False)])
def test_a_loss_falls_short_above_its_value(value: float, is_short: bool) -> None:
    result = shortfalls(with_metrics(log_loss=value), requirements([], ["log_loss=0.5"]))
    assert result == ([f"log_loss of mood is {value:.4f}, above 0.5"] if is_short else [])


def test_a_metric_that_cannot_be_told_falls_short() -> None:
    (result,) = shortfalls(sample_evaluation(), requirements([], ["log_loss=9"]))
    assert result == "log_loss of topic is not available: cosines are not probabilities; a temperature makes them so"


def test_every_head_is_held_against_it() -> None:
    result = shortfalls(sample_evaluation(), requirements(["accuracy=1.01"]))
    assert [words.partition(" is ")[0] for words in result] == ["accuracy of mood", "accuracy of topic"]
