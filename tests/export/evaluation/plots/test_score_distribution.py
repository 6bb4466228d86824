"""The scores of right and wrong labels as they are drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from claxon_export.evaluation.plots.score_distribution import score_picture
from claxon_export.evaluation.plots.style import png
from tests.evaluations import drawn_truth, judged_head

HEAD = judged_head("mood", drawn_truth(200, 3), ("a", "b", "c"))


def test_right_goes_up_and_wrong_goes_down_each_to_a_whole() -> None:
    axis: Any = score_picture(HEAD, None).axes[0]
    heights = [bar.get_height() for bar in axis.patches]
    assert sum(height for height in heights if height > 0) == pytest.approx(1)
    assert sum(height for height in heights if height < 0) == pytest.approx(-1)
    low, high = axis.get_ylim()
    assert low < min(heights)
    assert max(heights) < high


def test_wrong_is_hatched_so_that_no_colour_is_needed() -> None:
    axis: Any = score_picture(HEAD, None).axes[0]
    assert all(bool(bar.get_hatch()) == (bar.get_height() < 0) for bar in axis.patches if bar.get_height())


@pytest.mark.parametrize(("threshold", "lines"), [(None, 1), (0.6, 2), (5.0, 1)])
def test_the_threshold_is_a_line_where_it_lies_among_the_scores(threshold: float | None, lines: int) -> None:
    assert len(score_picture(HEAD, threshold).axes[0].lines) == lines


def test_nothing_wrong_can_be_drawn() -> None:
    scores = replace(HEAD.scores, wrong=(0,) * len(HEAD.scores.wrong))
    assert png(score_picture(replace(HEAD, scores=scores), None))


def test_cosines_are_called_so() -> None:
    head = judged_head("mood", drawn_truth(200, 3), ("a", "b", "c"), is_cosine=True)
    assert "cosine" in score_picture(head, None).axes[0].get_xlabel()
