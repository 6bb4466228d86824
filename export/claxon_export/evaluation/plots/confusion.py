"""The confusion matrix: how many texts of each truth were given each label, and which share of the truth that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from claxon_export.evaluation.plots.names import Names, columns
from claxon_export.evaluation.plots.style import INK, MUTED, blank, sequential
from claxon_export.evaluation.results import HeadEvaluation
from claxon_export.metrics.results import spelled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = np.ndarray[Any, Any]

MOST_WITH_SHARES, MOST_WITH_COUNTS = 12, 30
LARGEST_CELL, SMALLEST_CELL, MATRIX = 1.15, 0.16, 6.4  # inches
ABSTAINED_NAME = "no label"


def confusion_picture(head: HeadEvaluation, names: Names) -> Figure:
    """Truth by rows, label given by columns; colored by the share of the row, the diagonal framed."""
    rows = [names[spelled(label)] for label in head.labels]
    table, given = _table(head), rows
    if sum(head.abstained):
        given = [*rows, ABSTAINED_NAME]
    cell = min(LARGEST_CELL, max(SMALLEST_CELL, MATRIX / len(given)))
    size = max(5.5, min(9.5, 30 * cell))
    name_inches = max(map(columns, given)) * size / 72 * 0.62
    is_turned = name_inches > cell
    width = 0.5 + name_inches + 0.55 + cell * len(given) + 0.15
    height = 0.95 + cell * len(rows) + (0.7 * name_inches if is_turned else 0.2)
    figure = blank(max(4.4, width), height)
    axis = figure.subplots()
    _cells(axis, table, cell)
    _names(axis, rows, given, table, size)
    if is_turned:
        for name in axis.get_xticklabels():
            name.set(rotation=40, ha="right", rotation_mode="anchor")
    axis.set_title(f"{head.name}: truth and label given")
    figure.supxlabel(_note(len(rows)), x=0.01, ha="left", fontsize=8, color=MUTED)
    return figure


def _table(head: HeadEvaluation) -> Array:
    """Shape: ``(labels, labels)``, one column more if texts were given no label."""
    table = np.array(head.confusion)
    return np.column_stack([table, head.abstained]) if sum(head.abstained) else table


def _cells(axis: Axes, table: Array, cell: float) -> None:
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    axis.imshow(shares, cmap=sequential(), vmin=0, vmax=1, aspect="equal")
    labels = len(table)
    for place in range(labels):
        axis.add_patch(_frame(place))
    if labels > MOST_WITH_COUNTS:
        return
    with_shares = labels <= MOST_WITH_SHARES
    size = max(5.0, min(11.0, (13.5 if with_shares else 24.0) * cell))
    for row, column in np.ndindex(*table.shape):
        if not table[row, column] and labels > 3:
            continue
        words = f"{table[row, column]:,}" + (f"\n{_percent(shares[row, column])}" if with_shares else "")
        colour = "white" if shares[row, column] > 0.55 else INK
        axis.text(column, row, words, ha="center", va="center", fontsize=size, color=colour, linespacing=1.25)


def _percent(share: float) -> str:
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"


def _frame(place: int) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((place - 0.5, place - 0.5), 1, 1, fill=False, edgecolor=INK, linewidth=1.0)


def _names(axis: Axes, rows: Sequence[str], given: Sequence[str], table: Array, size: float) -> None:
    counts = table.sum(axis=1)
    axis.set_yticks(range(len(rows)), [f"{name}  ({n:,})" for name, n in zip(rows, counts, strict=True)], fontsize=size)
    axis.set_xticks(range(len(given)), given, fontsize=size)
    axis.set_ylabel("truth (texts)")
    axis.set_xlabel("label given")
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    axis.set_xticks(np.arange(len(given) + 1) - 0.5, minor=True)
    axis.set_yticks(np.arange(len(rows) + 1) - 0.5, minor=True)
    axis.grid(which="minor", color="#cfd3d8", linewidth=0.6)
    axis.tick_params(which="minor", length=0)


def _note(labels: int) -> str:
    if labels <= MOST_WITH_SHARES:
        return "texts, and their share of the truth's row; the darker, the larger the share"
    words = "texts; " if labels <= MOST_WITH_COUNTS else ""
    return f"{words}the darker, the larger the share of the truth's row"
