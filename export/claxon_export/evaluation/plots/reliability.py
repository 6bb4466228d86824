"""Does a confidence of 0.8 mean that 80 % are right? The reliability curve, and how many texts lie where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from claxon_export.evaluation.plots.style import BLUE, INK, MUTED, VERMILLION, blank
from claxon_export.evaluation.results import HeadEvaluation
from claxon_export.metrics.results import Metric, ReliabilityBin

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def reliability_picture(head: HeadEvaluation) -> Figure | None:
    """Accuracy by confidence above, texts by confidence below; ``None`` where scores are no probabilities."""
    if head.reliability is None:
        return None
    figure = blank(5.6, 5.6)
    curve, histogram = figure.subplots(2, 1, sharex=True, height_ratios=[3.2, 1])
    filled = [result for result in head.reliability if result.texts]
    _curve(curve, filled)
    error = head.metrics[Metric.CALIBRATION_ERROR].value
    curve.set_title(f"{head.name}: calibration error {error:.3f}")
    _histogram(histogram, filled)
    return figure


def _curve(axis: Axes, filled: Sequence[ReliabilityBin]) -> None:
    confidence = [result.confidence or 0.0 for result in filled]
    accuracy = [result.accuracy or 0.0 for result in filled]
    most = max(result.texts for result in filled)
    sizes = [14 + 130 * result.texts / most for result in filled]
    axis.plot([0, 1], [0, 1], color=MUTED, linestyle=(0, (4, 3)), linewidth=1.1, label="perfectly calibrated")
    axis.vlines(confidence, confidence, accuracy, color=VERMILLION, linewidth=2.0, label="the gap")
    axis.plot(confidence, accuracy, color=BLUE, linewidth=1.4)
    axis.scatter(confidence, accuracy, sizes, color=BLUE, edgecolors="white", zorder=3, label="a bin of texts")
    axis.set_xlim(0, 1.02)
    axis.set_ylim(0, 1.04)
    axis.set_ylabel("share labeled right")
    axis.grid()
    axis.legend(loc="upper left", fontsize=8.5)
    axis.text(0.98, 0.05, "below the line:\noverconfident", ha="right", color=MUTED, fontsize=8.5)


def _histogram(axis: Axes, filled: Sequence[ReliabilityBin]) -> None:
    for result in filled:
        axis.bar(
            result.low,
            result.texts,
            width=0.94 * (result.high - result.low),
            align="edge",
            color=BLUE,
            edgecolor=INK,
            linewidth=0.4,
        )
        place = (result.low + result.high) / 2
        axis.annotate(
            f"{result.texts:,}",
            (place, result.texts),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            fontsize=7,
            color=MUTED,
        )
    axis.set_xlabel("confidence: probability of the best label")
    axis.set_ylabel("texts")
    axis.grid(axis="y")
    axis.margins(y=0.2)
