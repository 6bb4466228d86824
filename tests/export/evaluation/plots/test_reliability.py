"""The reliability curve as it is drawn."""

from __future__ import annotations

from typing import Any

import pytest

from claxon_export.evaluation.plots.reliability import reliability_picture
from claxon_export.evaluation.plots.style import png
from tests.evaluations import drawn_truth, judged_head

TRUTH = drawn_truth(200, 3)


def test_every_bin_of_texts_is_a_point_and_a_bar() -> None:
    head = judged_head("mood", TRUTH, ("a", "b", "c"))
    assert head.reliability is not None
    filled = [result for result in head.reliability if result.texts]
    figure: Any = reliability_picture(head)
    assert figure is not None
    curve, histogram = figure.axes
    assert curve.lines[1].get_xdata().tolist() == pytest.approx([result.confidence for result in filled])
    assert curve.lines[1].get_ydata().tolist() == pytest.approx([result.accuracy for result in filled])
    assert [bar.get_height() for bar in histogram.patches] == [result.texts for result in filled]
    assert "calibration error" in curve.get_title(loc="left")
    assert png(figure)


def test_cosines_have_no_picture() -> None:
    assert reliability_picture(judged_head("mood", TRUTH, ("a", "b", "c"), is_cosine=True)) is None
