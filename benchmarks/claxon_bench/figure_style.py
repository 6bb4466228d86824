"""How every plot looks. Claxon is blue, its peers are grey: nothing hangs on telling hues apart."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claxon.formats.writers import open_output
from claxon_bench.results import EngineResult, Kind, Results
from claxon_bench.tables import is_claxon

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OURS, THEIRS = "#0a5bb5", "#a3a9b0"
OUTLINE = "#6d747c"
OURS_LIGHT, THEIRS_LIGHT = "#a8cdf0", "#d9dce0"
INK, FAINT = "#22262b", "#e4e6e9"
ROW_INCHES = 0.29
STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 9.0,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#8a9098",
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": False,
    "grid.color": FAINT,
    "grid.linewidth": 0.8,
    "xtick.color": INK,
    "ytick.color": INK,
    "ytick.major.size": 0.0,
    "legend.frameon": False,
    "svg.hashsalt": "claxon",
    "svg.fonttype": "path",
    "savefig.dpi": 170,
}


def rows(count: int, widths: Sequence[float], *, width: float) -> tuple[Figure, list[Axes]]:
    """Panels side by side that share the rows; the first row is at the bottom."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, 1.35 + ROW_INCHES * count), layout="constrained")
    panels: Any = figure.subplots(1, len(widths), sharey=True, squeeze=False, width_ratios=list(widths))
    axes = list(panels[0])
    for axis in axes:
        axis.set_ylim(-0.6, count - 0.4)
        axis.spines["left"].set_visible(False)
        axis.grid(axis="x")
    return figure, axes


def name_rows(axis: Axes, engines: Sequence[EngineResult]) -> None:
    """The engines' names at the left, Claxon's in its colour."""
    axis.set_yticks(range(len(engines)), [engine.label for engine in engines])
    for label, engine in zip(axis.get_yticklabels(), engines, strict=True):
        if is_claxon(engine):
            label.set_fontweight("bold")
            label.set_color(OURS)


def value(axis: Axes, x: float, row: int, words: str, engine: EngineResult) -> None:
    """Words to the right of a bar's end."""
    axis.annotate(
        words, (x, row), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8,
        fontweight="bold" if is_claxon(engine) else "normal", color=OURS if is_claxon(engine) else INK, zorder=6,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
    )  # fmt: skip


def few_ticks() -> Any:
    """A locator for a narrow panel."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=4, min_n_ticks=3)


def plain_log_ticks(axis: Any) -> None:
    """1, 2, 5, 10, 20, … written out."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def conditions(results: Results) -> str:
    """What was measured on what, in one line."""
    machine, settings = results.machine, results.settings
    kind = "classifier" if results.subject.kind is Kind.CLASSIFIER else "sentence encoder"
    fast = [name for name in ("amx_int8", "avx512_vnni", "avx_vnni") if name in machine.features][:1]
    processor = f"{machine.processor} ({fast[0]})" if fast else machine.processor
    return (
        f"{kind}, {results.subject.parameters / 1e6:.0f} M parameters · {processor} · "
        f"{settings.threads} threads each · {settings.rounds} round{'s' * (settings.rounds > 1)} in turn, medians"
    )


def titled(figure: Figure, title: str, note: str) -> Figure:
    """The figure, with a title above and a note below."""
    figure.suptitle(title, x=0.01, ha="left", fontsize=12.5, fontweight="bold")
    figure.supxlabel(note, x=0.01, ha="left", fontsize=7.5, color="#5c636b")
    return figure


def save(figure: Figure, stem: Path) -> Path:
    """Write PNG and SVG, each whole or not at all; the PNG's path."""
    for suffix, metadata in ((".png", {"Software": None}), (".svg", {"Date": None})):
        content = io.BytesIO()
        figure.savefig(content, format=suffix[1:], metadata=metadata)
        with open_output(str(stem.with_suffix(suffix))) as stream:
            stream.write(content.getvalue())
    return stem.with_suffix(".png")
