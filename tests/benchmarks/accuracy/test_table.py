from __future__ import annotations

from dataclasses import replace

import pytest

from accuracy.experiments import Published, Texts
from accuracy.padding import PaddingFound
from accuracy.table import pooled, report
from claxon_export.metrics.results import Estimate
from tests.benchmarks.accuracy.tables import sample_row


def test_published_and_found_stand_in_one_line_with_the_reason_below() -> None:
    rows = [
        sample_row(precision="fp32", accuracy=0.85, published=Published(0.87, "10,000 judged")),
        sample_row(precision="int8", accuracy=0.849, published=Published(0.87, "10,000 judged")),
    ]
    page = report(rows, [], None)
    assert (
        "| MPNet + LR, reviews | 5,600 | 800 | 0.500 | 0.87 | **0.850** (0.830 to 0.870) | **0.849** (0.829 to 0.869) |"
        in page
    )
    assert "- MPNet + LR, reviews (published 0.87 on 10,000 judged): other texts." in page


def test_steps_tell_what_counts_when_the_next_step_is_right() -> None:
    row = replace(sample_row(), within_one=Estimate(0.9, 0.88, 0.92))
    assert "within one 0.900 (0.880 to 0.920)" in report([row], [], None)


def test_rows_of_several_tables_are_pooled_by_their_number() -> None:
    rows = [
        sample_row(accuracy=0.8, judged=100),
        sample_row(accuracy=0.6, judged=300, texts=Texts.EMOTION),
        sample_row(precision="int8", accuracy=0.81, judged=100),
        sample_row(precision="int8", accuracy=0.59, judged=300, texts=Texts.EMOTION),
    ]
    fp32, int8 = pooled(rows)
    assert fp32.accuracy == pytest.approx(0.65)
    assert fp32.judged == 400
    assert int8.accuracy == pytest.approx(0.645)
    assert "| int8 | 400 | 0.6450 | -0.50 |" in report(rows, [fp32, int8], None)


def test_the_two_means_are_told() -> None:
    page = report([sample_row()], [], PaddingFound(Texts.AMAZON_REVIEWS, 1500, 800, 0.8, 0.75))
    assert "accuracy is 0.800; over tokens and padding, as the published features were made, 0.750" in page
