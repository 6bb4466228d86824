"""Figures in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from claxon_export.evaluation.wording import (
    TITLES,
    difference,
    estimate,
    label_figures,
    p_value,
    percent,
    quoted,
    reasons,
    source_facts,
    title,
    told_metrics,
    verdict,
)
from claxon_export.metrics.results import Comparison, Estimate, LabelScores, Metric
from tests.evaluations import sample_evaluation, with_source_name


def comparison(p: float = 0.01, test: str = "exact binomial") -> Comparison:
    return Comparison("mood", "most_frequent", 9, 1, Estimate(0.08, 0.0312, 0.125), p, test)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (Estimate(0.9425, 0.932, 0.953), "0.943 (0.932-0.953)"),
        (Estimate(0.0268), "0.027"),
        (None, "-"),
    ],
)
def test_estimates(result: Estimate | None, words: str) -> None:
    assert estimate(result) == words


def test_percent_agrees_with_the_figure_in_the_table() -> None:
    assert percent(0.9425) == "94.3%"


def test_verdicts() -> None:
    assert verdict(comparison()) == "mood labels more texts right than most frequent label"
    assert verdict(comparison(0.3)) == "mood against most frequent label: no significant difference on these texts"


def test_differences_are_in_points() -> None:
    assert difference(comparison()) == "+8.0 points (+3.1 to +12.5)"
    assert difference(replace(comparison(), difference=Estimate(-0.08))) == "-8.0"


@pytest.mark.parametrize(
    ("p", "test", "words"),
    [
        (0.0312, "exact binomial", "p = 0.031 (exact)"),
        (0.0001, "chi-square with continuity correction", "p < 0.001 (chi-square)"),
        (1.0, "exact binomial", "p = 1.000 (exact)"),
    ],
)
def test_p_values_say_which_test(p: float, test: str, words: str) -> None:
    assert p_value(comparison(p, test)) == words


@pytest.mark.parametrize(
    ("support", "predicted", "words"),
    [
        (5, 4, ["0.500", "0.400", "0.444"]),
        (0, 4, ["0.500", "-", "0.444"]),
        (5, 0, ["-", "0.400", "0.444"]),
        (0, 0, ["-", "-", "-"]),
    ],
)
def test_what_cannot_be_divided_is_a_dash(support: int, predicted: int, words: list[str]) -> None:
    result = label_figures(LabelScores("a", 0.5, 0.4, 0.444, support, predicted))
    assert result == [*words, str(support), str(predicted)]


def test_reasons_for_dashes_are_given_once() -> None:
    assert reasons(sample_evaluation()) == [
        "log loss and calibration error of topic: cosines are not probabilities; a temperature makes them so"
    ]
    assert reasons(sample_evaluation(cosine_head=False)) == []


def test_told_metrics_are_those_of_any_head() -> None:
    assert Metric.LOG_LOSS in told_metrics(sample_evaluation())
    assert Metric.COVERAGE not in told_metrics(sample_evaluation())
    assert Metric.COVERAGE in told_metrics(sample_evaluation(threshold=0.6))


def test_what_was_left_out_and_cut() -> None:
    assert source_facts(sample_evaluation()) == [
        "2 left out: without text",
        "1 of 120 texts were cut at 48 tokens",
    ]


def test_title_has_no_folders() -> None:
    assert title(with_source_name(sample_evaluation(), "/home/me/texts.csv")) == "tiny evaluated on texts.csv"


@pytest.mark.parametrize(
    ("text", "words"),
    [("a\n\tb ", "a b"), ("abcdefghij", "abcdefghij"), ("abcdefghijk", "abcdefghi…"), ("a\x1b[2Jb", "a\ufffd[2Jb")],
)
def test_quotes_are_one_short_line_that_steers_no_terminal(text: str, words: str) -> None:
    assert quoted(text, 10) == words


def test_every_metric_has_a_title() -> None:
    assert TITLES.keys() == set(Metric)


def test_quotes_keep_joiners_and_lose_what_steers() -> None:
    kept = "\N{MAN}\u200d\N{GIRL} \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    assert quoted(f"{kept} \u202e\x1b", 80) == f"{kept} \ufffd\ufffd"
