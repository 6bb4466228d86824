"""How many labels does the task need? Accuracy by the number of texts that were trained on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from claxon_export.evaluation.plots.style import BLUE, INK, MUTED, VERMILLION, blank
from claxon_export.metrics.results import LearningCurve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DASHES = ((0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), "solid")


def learning_picture(curve: LearningCurve, levels: Mapping[str, float]) -> Figure:
    """The mean and the range of each number of texts, over ``levels``: accuracies to compare with, by name."""
    figure = blank(6.4, 4.1)
    axis = figure.subplots()
    texts = [point.texts for point in curve.points]
    axis.fill_between(
        texts,
        [point.low for point in curve.points],
        [point.high for point in curve.points],
        color=BLUE,
        alpha=0.18,
        linewidth=0,
        label="lowest to highest draw",
    )
    axis.plot(texts, [point.accuracy for point in curve.points], "o-", color=BLUE, label="fitted head, mean")
    for place, (name, accuracy) in enumerate(levels.items()):
        colour = MUTED if place == len(levels) - 1 else VERMILLION
        axis.axhline(accuracy, color=colour, linewidth=1.2, linestyle=DASHES[place % len(DASHES)], label=name)
    _axes(axis, curve)
    return figure


def _axes(axis: Axes, curve: LearningCurve) -> None:
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axis.set_xscale("log")
    axis.set_xticks([point.texts for point in curve.points])
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.tick_params(axis="x", which="minor", length=0)
    for label in axis.get_xticklabels():
        label.set(rotation=35, ha="right", rotation_mode="anchor", fontsize=8.5, color=INK)
    axis.set_ylabel("accuracy")
    axis.set_xlabel("labeled training texts, logarithmic")
    axis.set_title(f"Learning curve: LogisticRegression on {curve.feature}")
    axis.grid()
    axis.legend(loc="lower right", fontsize=8.5, frameon=True, framealpha=1, edgecolor="none")
