"""How sure a head is where it is right, and where it is wrong: the further apart, the better a threshold works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from claxon_export.evaluation.plots.style import INK, MUTED, RIGHT, WRONG, WRONG_HATCH, blank
from claxon_export.evaluation.results import HeadEvaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def score_picture(head: HeadEvaluation, threshold: float | None) -> Figure:
    """Best scores, those labeled right upward and those labeled wrong downward, each as shares of their own."""
    figure = blank(6.4, 3.9)
    axis = figure.subplots()
    edges = np.array(head.scores.edges)
    right, wrong = (_shares(counts) for counts in (head.scores.right, head.scores.wrong))
    _bars(axis, edges, right, {"color": RIGHT, "label": f"right: {sum(head.scores.right):,} texts"})
    hatched = {"facecolor": "white", "edgecolor": WRONG, "hatch": WRONG_HATCH}
    _bars(axis, edges, -wrong, {**hatched, "label": f"wrong: {sum(head.scores.wrong):,} texts"})
    if threshold is not None and edges[0] <= threshold <= edges[-1]:
        axis.axvline(threshold, color=INK, linewidth=1.2, linestyle=(0, (4, 2)), label=f"threshold {threshold:g}")
    _axes(axis, head, float(right.max()), float(wrong.max()))
    return figure


def _shares(counts: tuple[int, ...]) -> np.ndarray[Any, Any]:
    return np.array(counts) / max(1, sum(counts))


def _bars(axis: Axes, edges: np.ndarray[Any, Any], heights: np.ndarray[Any, Any], look: dict[str, Any]) -> None:
    axis.bar(
        edges[:-1], heights, width=np.diff(edges), align="edge", **{"edgecolor": "white", "linewidth": 0.5, **look}
    )


def _axes(axis: Axes, head: HeadEvaluation, most_right: float, most_wrong: float) -> None:
    from matplotlib.ticker import FuncFormatter

    is_probability = head.reliability is not None
    axis.axhline(0, color=INK, linewidth=0.9)
    most = max(most_right, most_wrong, 0.01)
    axis.set_ylim(-1.12 * max(most_wrong, 0.1 * most), 1.1 * max(most_right, 0.1 * most) + 0.22 * most)
    axis.set_title(f"{head.name}: scores of right and wrong labels")
    axis.set_xlabel(
        "probability of the best label" if is_probability else "cosine of the best label (not a probability)"
    )
    axis.set_ylabel("share of the right (up), of the wrong (down)", fontsize=8.5, color=MUTED)
    axis.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{abs(share):.0%}"))
    axis.grid(axis="y")
    axis.legend(loc="upper left", fontsize=8.5, ncols=3, frameon=True, framealpha=1, edgecolor="none")
