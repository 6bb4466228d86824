"""Speed against accuracy: nobody is fast and wrong unseen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from claxon_bench import figure_style
from claxon_bench.results import EngineResult, Kind, Results, WorkloadFacts
from claxon_bench.tables import is_claxon, rate_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# What float32 cannot tell from exact is drawn here.
EXACT = 1e-7
LINE_POINTS = 12.5


@dataclass(frozen=True, slots=True)
class Point:
    """An engine: how far from the reference, how many texts a second."""

    engine: EngineResult
    error: float
    rate: float


def accuracy_plot(results: Results) -> Figure | None:
    """Texts a second over the distance from the reference, which falls to the right: up and to the right is better."""
    from matplotlib.figure import Figure

    facts = _workload(results)
    found = [] if facts is None else points(results, facts)
    if facts is None or not found:
        return None
    figure = Figure(figsize=(8.2, 5.2), layout="constrained")
    axis = figure.subplots()
    for point in found:
        ours = is_claxon(point.engine)
        face, edge = (figure_style.OURS,) * 2 if ours else ("white", figure_style.OUTLINE)
        size = 9 if ours else 7
        axis.plot(
            point.error,
            point.rate,
            "o",
            markersize=size,
            color=face,
            markeredgecolor=edge,
            markeredgewidth=1.6,
            zorder=3,
        )
    _axes(axis, found, results, facts)
    figure.draw_without_rendering()
    _label(axis, found)
    return figure_style.titled(
        figure, f"{results.subject.name}: speed against accuracy", figure_style.conditions(results)
    )


def points(results: Results, facts: WorkloadFacts) -> list[Point]:
    """One for every engine that ran the workload and was compared: 1 - mean cosine, or a probability's error."""
    found = []
    for engine in results.engines:
        rate = rate_of(engine, facts)
        if rate is not None and engine.accuracy is not None:
            cosine, difference = engine.accuracy.mean_cosine, engine.accuracy.max_abs_difference
            error = difference if cosine is None else 1 - cosine
            found.append(Point(engine, max(error, EXACT), rate.median))
    return found


def label_heights(heights: Sequence[float], gap: float) -> list[float]:
    """Heights moved apart so that sorted neighbours are ``gap`` apart, each as near to its own as that allows."""
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    blocks: list[list[int]] = []
    for i in order:
        blocks.append([i])
        while len(blocks) > 1 and _bottom(blocks[-1], heights, gap) < _top(blocks[-2], heights, gap) + gap:
            last = blocks.pop()
            blocks[-1] += last
    moved = list(heights)
    for block in blocks:
        bottom = _bottom(block, heights, gap)
        for place, i in enumerate(block):
            moved[i] = bottom + place * gap
    return moved


def _bottom(block: Sequence[int], heights: Sequence[float], gap: float) -> float:
    middle = sum(heights[i] for i in block) / len(block)
    return middle - gap * (len(block) - 1) / 2


def _top(block: Sequence[int], heights: Sequence[float], gap: float) -> float:
    return _bottom(block, heights, gap) + gap * (len(block) - 1)


def _workload(results: Results) -> WorkloadFacts | None:
    """Mixed lengths where they ran, else the first workload that did."""
    ran = {facts.name: facts for facts in results.workloads if any(rate_of(e, facts) for e in results.engines)}
    return ran.get("mixed", next(iter(ran.values()), None))


def _axes(axis: Axes, found: Sequence[Point], results: Results, facts: WorkloadFacts) -> None:
    axis.set_xscale("log")
    axis.set_yscale("log")
    most = max(max(point.error for point in found), 1e-3)
    axis.set_xlim(most * 3, EXACT / 2.2)
    low, high = min(point.rate for point in found), max(point.rate for point in found)
    axis.set_ylim(low / 1.45, high * 1.45)
    figure_style.plain_log_ticks(axis.yaxis)
    axis.grid(which="major")
    ticks = [10.0**-power for power in range(8) if EXACT <= 10.0**-power <= most * 3]
    is_encoder = results.subject.kind is Kind.ENCODER
    axis.set_xticks(ticks, [_tick(value, is_encoder=is_encoder) for value in ticks])
    axis.minorticks_off()
    axis.set_ylabel(f"texts a second, {facts.name} lengths (logarithmic)")
    what = "mean cosine to" if is_encoder else "largest difference of a probability from"
    reference = next((p.engine.accuracy.reference for p in found if p.engine.accuracy), "")
    labels = {engine.name: engine.label for engine in results.engines}
    axis.set_xlabel(f"{what} {labels.get(reference, reference)}: better to the right")


def _tick(value: float, *, is_encoder: bool) -> str:
    if value <= EXACT:
        return "exact"
    return f"{1 - value:.7f}".rstrip("0") if is_encoder else f"{value:g}"


def _label(axis: Axes, found: Sequence[Point]) -> None:
    """A name beside every point, moved apart: those at the right edge to its left, others to its right."""
    points_a_pixel = 72 / axis.figure.dpi
    pixels = [axis.transData.transform((point.error, point.rate)) for point in found]
    middle = float(axis.transAxes.transform((0.5, 0.5))[0])
    # Both sides together: names from the left and from the right meet in the middle.
    heights = [float(pixel[1]) * points_a_pixel for pixel in pixels]
    for point, pixel, own, moved in zip(found, pixels, heights, label_heights(heights, LINE_POINTS), strict=True):
        _annotate(axis, point, moved - own, to_the_left=float(pixel[0]) > middle)


def _annotate(axis: Axes, point: Point, rise: float, *, to_the_left: bool) -> None:
    ours = is_claxon(point.engine)
    axis.annotate(
        point.engine.label, (point.error, point.rate), xytext=(-26 if to_the_left else 26, rise),
        textcoords="offset points", ha="right" if to_the_left else "left", va="center", fontsize=8.5,
        color=figure_style.OURS if ours else figure_style.INK, fontweight="bold" if ours else "normal",
        arrowprops={"arrowstyle": "-", "color": "#b4b9bf", "linewidth": 0.8, "shrinkA": 1, "shrinkB": 5},
    )  # fmt: skip
