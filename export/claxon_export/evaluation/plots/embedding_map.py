"""Where texts lie: one panel per label, and all of them colored by truth and ringed where a head is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from claxon.bundle.manifest import Feature
from claxon_export.evaluation.plots.names import Names
from claxon_export.evaluation.plots.projection import Projection
from claxon_export.evaluation.plots.style import INK, MUTED, blank, mark, sequential
from claxon_export.evaluation.results import MapSample

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = np.ndarray[Any, Any]

MOST_PANELS = 24
MOST_COLOURED = 24
OTHERS = "other labels"
OTHERS_COLOUR = "#b9bec5"
HEXAGONS = 26


def hexbin_picture(sample: MapSample, projection: Projection, feature: Feature, names: Names) -> Figure:
    """One panel per label: how densely its texts lie, over all texts in gray."""
    labels = _commonest(sample, MOST_PANELS)
    across = min(len(labels), 6 if len(labels) > 12 else 4 if len(labels) > 6 else 3)
    down = -(-len(labels) // across)
    side = 3.3 if len(labels) <= 2 else 2.35
    figure = blank(side * across, 0.97 * side * down + 0.75)
    axes = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).ravel()
    truths, extent = np.array(sample.truths), _extent(projection.points)
    for axis, label in zip(axes, labels, strict=False):
        _hexbins(axis, projection.points, truths == label, extent)
        axis.set_title(f"{names[label]} ({int((truths == label).sum()):,})", fontsize=9 if across < 6 else 7.5)
    for axis in axes[len(labels) :]:
        axis.set_axis_off()
    shown = "" if len(labels) == len(set(sample.truths)) else f"the {len(labels)} most common labels; "
    note = f"{shown}the darker, the more of the label's texts; gray: all texts"
    return _described(figure, f"Where labels lie in {feature}", note, sample, projection)


def scatter_picture(sample: MapSample, projection: Projection, head: str, names: Names) -> Figure:
    """All texts by their truth, in color and shape; a ring where the head labels them wrong."""
    labels = _commonest(sample, MOST_COLOURED)
    truths, wrong = np.array(sample.truths), sample.is_wrong[head]
    columns = 2 if len(labels) > 14 else 1
    figure = blank(8.2 + 2.8 * (columns - 1), 5.7)
    axis = figure.subplots()
    size = float(np.clip(14000 / len(truths), 9, 42))
    for position, label in enumerate(labels):
        look = mark(position)
        _points(axis, projection.points[truths == label], size, look.colour, look.marker, names[label])
    rest = ~np.isin(truths, labels)
    if rest.any():
        _points(axis, projection.points[rest], size, OTHERS_COLOUR, ".", OTHERS)
    axis.scatter(
        projection.points[wrong, 0],
        projection.points[wrong, 1],
        s=1.5 * size + 18,
        facecolors="none",
        edgecolors=INK,
        linewidths=0.6,
        zorder=4,
        label=f"wrong ({int(wrong.sum()):,})",
    )
    _bare(axis, _extent(projection.points))
    axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8.5, ncols=columns, markerscale=1.5)
    return _described(
        figure, f"{head}: texts by truth", "a ring where the label given is wrong, or none is given", sample, projection
    )


def _commonest(sample: MapSample, most: int) -> list[str]:
    return [label for label, _ in Counter(sample.truths).most_common(most)]


def _hexbins(axis: Axes, points: Array, is_chosen: Array, extent: tuple[float, float, float, float]) -> None:
    axis.scatter(points[:, 0], points[:, 1], s=2, color="#d7dade", linewidths=0, zorder=1)
    axis.hexbin(
        points[is_chosen, 0],
        points[is_chosen, 1],
        gridsize=HEXAGONS,
        extent=extent,
        cmap=sequential(with_paper=False),
        mincnt=1,
        vmin=0,
        linewidths=0.2,
        edgecolors="white",
        zorder=2,
    )
    _bare(axis, extent)


def _points(axis: Axes, points: Array, size: float, colour: str, marker: str, name: str) -> None:
    axis.scatter(
        points[:, 0],
        points[:, 1],
        s=size,
        color=colour,
        marker=marker,
        alpha=0.8,
        edgecolors="white",
        linewidths=0.25,
        label=name,
        zorder=2,
    )


def _extent(points: Array) -> tuple[float, float, float, float]:
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.maximum(0.04 * (high - low), 1e-3)
    (left, bottom), (right, top) = low - room, high + room
    return float(left), float(right), float(bottom), float(top)


def _bare(axis: Axes, extent: tuple[float, float, float, float]) -> None:
    """Axes of a projection mean nothing: no ticks."""
    axis.set_xlim(extent[0], extent[1])
    axis.set_ylim(extent[2], extent[3])
    axis.set_xticks([])
    axis.set_yticks([])
    axis.spines[:].set_visible(True)
    axis.spines[:].set_color("#c9cdd2")


def _described(figure: Figure, title: str, note: str, sample: MapSample, projection: Projection) -> Figure:
    figure.suptitle(title, x=0.01, ha="left", fontsize=10.5, fontweight="bold")
    figure.supxlabel("\n".join([note, *remarks(sample, projection)]), x=0.01, ha="left", fontsize=8, color=MUTED)
    return figure


def remarks(sample: MapSample, projection: Projection) -> Sequence[str]:
    """How the map was made: the method, why if it is not the usual one, and the draw if it shows not all texts."""
    shown, total = len(sample.truths), sample.total
    drawn = f", {shown:,} of {total:,} texts drawn with seed {sample.seed}" if shown < total else f", {shown:,} texts"
    return [f"{projection.method} after scaling, seed {sample.seed}{drawn}", *filter(None, [projection.remark])]
