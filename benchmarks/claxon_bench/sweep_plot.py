"""Devices and precisions over batch sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claxon_bench import figure_style
from claxon_bench.results import Results, SweepPoint
from claxon_bench.summaries import rates

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Told apart by dash and marker as much as by colour: Okabe and Ito's palette.
LINES = (
    ("#0072b2", "o", "-"),
    ("#d55e00", "s", "--"),
    ("#009e73", "^", "-."),
    ("#cc79a7", "D", ":"),
    ("#56b4e9", "v", "-"),
)


def sweep_plot(results: Results) -> Figure | None:
    """Texts a second over texts a batch: a panel a workload, a line a device and precision."""
    from matplotlib.figure import Figure

    points = [point for point in results.sweep if point.seconds]
    workloads = list(dict.fromkeys(point.workload for point in points))
    if not workloads:
        return None
    figure = Figure(figsize=(max(1.4 + 3.4 * len(workloads), 6.8), 3.9), layout="constrained")
    panels = figure.subplots(1, len(workloads), squeeze=False)[0]
    for axis, workload in zip(panels, workloads, strict=True):
        _panel(axis, [point for point in points if point.workload == workload])
        axis.set_title(workload)
    panels[0].set_ylabel("texts a second (logarithmic)")
    return figure_style.titled(figure, f"{results.subject.name}: batch sizes", figure_style.conditions(results))


def _panel(axis: Axes, points: list[SweepPoint]) -> None:
    engines = list(dict.fromkeys((point.device, point.precision) for point in points))
    for (device, precision), (colour, marker, dash) in zip(engines, LINES * len(engines), strict=False):
        own = [point for point in points if (point.device, point.precision) == (device, precision)]
        sizes = [point.batch_size for point in own]
        medians = [rates(point.texts, point.seconds).median for point in own]
        axis.plot(sizes, medians, dash, marker=marker, color=colour, linewidth=1.8, label=f"{device}, {precision}")
    axis.set_xscale("log", base=2)
    axis.set_yscale("log")
    axis.set_xticks(sorted({point.batch_size for point in points}))
    axis.xaxis.set_major_formatter("{x:g}")
    axis.minorticks_off()
    figure_style.plain_log_ticks(axis.yaxis)
    axis.grid()
    axis.set_xlabel("texts a batch")
    axis.legend(fontsize=8)
