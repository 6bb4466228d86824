"""The learning curve as it is drawn."""

from __future__ import annotations

from typing import Any

from claxon_export.evaluation.plots.learning_curve import learning_picture
from claxon_export.evaluation.plots.style import png
from tests.evaluations import sample_evaluation


def test_points_and_levels_are_drawn() -> None:
    (curve,) = sample_evaluation().learning_curves
    figure = learning_picture(curve, {"head mood": 0.9, "most frequent label": 0.5})
    axis: Any = figure.axes[0]
    mean, head, baseline = axis.lines
    assert mean.get_xdata().tolist() == [4, 8, 16, 40]
    assert (head.get_ydata()[0], baseline.get_ydata()[0]) == (0.9, 0.5)
    assert axis.get_xscale() == "log"
    assert [tick.get_text() for tick in axis.get_xticklabels()] == ["4", "8", "16", "40"]
    assert len({line.get_linestyle() for line in (head, baseline)}) == 2 or head.is_dashed()
    assert png(figure)
