"""The tables of the page."""

from __future__ import annotations

import re

from claxon_export.evaluation.report.page_tables import (
    comparison_table,
    conditions_list,
    figures_table,
    label_table,
    report_table,
    slow_table,
    wrong_table,
)
from tests.evaluations import sample_evaluation

EVALUATION = sample_evaluation()


def rows(content: str) -> int:
    return len(re.findall("<tr", content)) - 1


def test_figures_have_a_row_for_every_head_and_baseline() -> None:
    result = figures_table(EVALUATION).html
    assert rows(result) == 4
    assert result.count('class="head"') == result.count('class="baseline"') == 2


def test_accuracy_is_drawn_between_0_and_1() -> None:
    places = [float(place) for place in re.findall(r'cx="([0-9.]+)%"', figures_table(EVALUATION).html)]
    assert len(places) == 4
    assert all(4 <= place <= 96 for place in places)


def test_comparisons_have_a_row_each_and_the_better_first() -> None:
    result = comparison_table(EVALUATION).html
    assert rows(result) == len(EVALUATION.comparisons)
    assert "-" not in "".join(re.findall(r"<td>(\S+) points", result))


def test_report_has_a_row_a_label() -> None:
    assert rows(report_table(EVALUATION.heads[0]).html) == 2


def test_wrong_and_slow_texts_are_quoted_with_their_places() -> None:
    head = EVALUATION.heads[0]
    result = wrong_table(head, "line").html
    assert rows(result) == len(head.wrong) == 3
    assert f'<th scope="row">{head.wrong[0].line}</th>' in result
    assert "&lt;script&gt;" in result
    assert "12.5" in slow_table(EVALUATION).html


def test_label_counts_have_shares() -> None:
    result = label_table(EVALUATION).html
    shares = [float(share) for share in re.findall(r"([0-9.]+)%", result)]
    assert abs(sum(shares) - 100) < 0.2


def test_conditions_name_bundle_texts_and_versions() -> None:
    words = "".join(part.html for part in conditions_list(EVALUATION))
    for part in ("d" * 64, "a" * 64, "claxon 0.1.0", "none", "exact binomial"):
        assert part in words
