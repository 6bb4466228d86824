"""Results -> plots: throughput by length, latency, memory; the others have modules of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from claxon.errors import MissingDependencyError
from claxon_bench.figure_style import (
    INK,
    OURS,
    OURS_LIGHT,
    OUTLINE,
    STYLE,
    THEIRS,
    THEIRS_LIGHT,
    conditions,
    few_ticks,
    name_rows,
    plain_log_ticks,
    rows,
    save,
    titled,
    value,
)
from claxon_bench.results import EngineResult, Results, Run, WorkloadFacts
from claxon_bench.summaries import percentile, spread
from claxon_bench.tables import MB, is_claxon, number, rate_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Where the panel of figures has its columns, from 0 to 1, and which percentiles they are.
LATENCY_COLUMNS = {0.3: 50, 0.65: 95, 1.0: 99}

Drawing = Callable[[Results], "Figure | None"]


def write_plots(results: Results, folder: Path) -> list[Path]:
    """Write every plot that the results have figures for; the paths of the PNG files.

    Raises:
        MissingDependencyError: matplotlib is not installed.
        OSError: a file cannot be written.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise MissingDependencyError(f"matplotlib cannot be imported ({error}); pip install 'claxon[bench]'") from error
    from claxon_bench.scatter import accuracy_plot
    from claxon_bench.sweep_plot import sweep_plot

    drawings: dict[str, Drawing] = {
        "throughput": throughput_plot,
        "latency": latency_plot,
        "memory": memory_plot,
        "accuracy": accuracy_plot,
        "devices": sweep_plot,
    }
    written = []
    with matplotlib.rc_context(STYLE):
        for name, draw in drawings.items():
            figure = draw(results)
            if figure is not None:
                written.append(save(figure, folder / name))
    return written


def throughput_plot(results: Results) -> Figure | None:
    """Texts a second by length: a panel a workload, a row an engine, the fastest on top."""
    ran = [facts for facts in results.workloads if any(rate_of(engine, facts) for engine in results.engines)]
    panels = [facts for facts in ran if not facts.name.startswith("bulk")]
    engines = _sorted(results, lambda engine: sum(_relative_rate(engine, results, facts) for facts in panels))
    engines = [engine for engine in engines if engine.throughput]
    if not panels or not engines:
        return None
    figure, axes = rows(len(engines), [1.0] * len(panels), width=3.6 + 2.05 * len(panels))
    for axis, facts in zip(axes, panels, strict=True):
        _throughput_panel(axis, facts, engines)
    name_rows(axes[0], engines)
    return titled(figure, f"{results.subject.name}: texts a second", conditions(results))


def _throughput_panel(axis: Axes, facts: WorkloadFacts, engines: Sequence[EngineResult]) -> None:
    most = 0.0
    for row, engine in enumerate(engines):
        rate = rate_of(engine, facts)
        if rate is None:
            continue
        most = max(most, rate.high)
        axis.barh(row, rate.median, height=0.74, color=OURS if is_claxon(engine) else THEIRS)
        axis.plot([rate.low, rate.high], [row, row], color=INK, linewidth=0.9, solid_capstyle="butt")
        value(axis, rate.high, row, number(rate.median), engine)
    axis.set_xlim(0, most * 1.27)
    axis.set_title(facts.name)
    axis.set_xlabel(f"{facts.tokens / facts.texts:.0f} tokens a text, cut at {facts.max_tokens}", fontsize=8)
    axis.xaxis.set_major_locator(few_ticks())


def latency_plot(results: Results) -> Figure | None:
    """The time that one short text takes: every sample, the middle half, the median, the 95th and 99th percentile."""
    engines = [engine for engine in results.engines if engine.latency_s]
    engines.sort(key=lambda engine: -percentile(engine.latency_s, 50))
    if not engines:
        return None
    figure, (axis, figures) = rows(len(engines), [1.0, 0.2], width=8.8)
    figures.axis("off")
    for row, engine in enumerate(engines):
        _latency_row(axis, row, engine)
        _latency_figures(figures, row, engine)
    axis.set_xscale("log")
    plain_log_ticks(axis.xaxis)
    axis.grid(axis="x", which="major")
    axis.set_xlabel("milliseconds, logarithmic (dots: samples, bar: the middle half, line: up to p99, tick: p95)")
    for place, share in LATENCY_COLUMNS.items():
        figures.text(place, len(engines) - 0.4, f"p{share}", fontsize=8, ha="right", va="bottom", color=OUTLINE)
    name_rows(axis, engines)
    return titled(figure, f"{results.subject.name}: one short text, warm, milliseconds", conditions(results))


def _latency_row(axis: Axes, row: int, engine: EngineResult) -> None:
    samples = [1000 * seconds for seconds in engine.latency_s]
    colour, light = (OURS, OURS_LIGHT) if is_claxon(engine) else (OUTLINE, THEIRS_LIGHT)
    offsets = [row - 0.26 + 0.52 * ((7 * i) % 13) / 12 for i in range(len(samples))]
    axis.plot(samples, offsets, ".", color=light, markersize=3.4, markeredgewidth=0, zorder=1)
    middle = spread(samples)
    p95, p99 = (percentile(samples, share) for share in (95, 99))
    axis.plot([middle.high, p99], [row, row], color=colour, linewidth=1.1, zorder=2)
    axis.plot(p95, row, "|", color=colour, markersize=7, markeredgewidth=1.1, zorder=3)
    axis.plot([middle.low, middle.high], [row, row], color=colour, linewidth=6, solid_capstyle="butt", zorder=3)
    axis.plot(middle.median, row, "|", color="white", markersize=6, markeredgewidth=1.6, zorder=4)


def _latency_figures(axis: Axes, row: int, engine: EngineResult) -> None:
    for place, share in LATENCY_COLUMNS.items():
        words = number(1000 * percentile(engine.latency_s, share))
        colour, weight = OURS if is_claxon(engine) else INK, "bold" if share == 50 else "normal"
        axis.text(place, row, words, fontsize=8, ha="right", va="center", color=colour, fontweight=weight)


def memory_plot(results: Results) -> Figure | None:
    """Resident memory on the workload that needs most of it, and the size of the installation."""
    runs = {engine.name: _largest_run(engine) for engine in results.engines}
    engines = [engine for engine in results.engines if runs[engine.name] is not None]
    engines.sort(key=lambda engine: -_peak(runs[engine.name]))
    if not engines:
        return None
    has_sizes = any(engine.install_size_bytes for engine in engines)
    figure, axes = rows(len(engines), [1.6, 1.0] if has_sizes else [1.0], width=9.4 if has_sizes else 7.4)
    for row, engine in enumerate(engines):
        _memory_row(axes[0], row, engine, runs[engine.name])
    _mega(axes[0], "resident memory, MB", "on the workload that needs most; light: peak, dark: after it")
    if has_sizes:
        for row, engine in enumerate(engines):
            if engine.install_size_bytes:
                size = engine.install_size_bytes / MB
                axes[1].barh(row, size, height=0.74, color=OURS if is_claxon(engine) else THEIRS)
                value(axes[1], size, row, f"{size:,.0f}", engine)
        _mega(axes[1], "installed, MB", "its environment's site-packages")
    name_rows(axes[0], engines)
    return titled(figure, f"{results.subject.name}: memory and size", conditions(results))


def _memory_row(axis: Axes, row: int, engine: EngineResult, run: Run | None) -> None:
    if run is None:
        return
    dark, light = (OURS, OURS_LIGHT) if is_claxon(engine) else (THEIRS, THEIRS_LIGHT)
    axis.barh(row, run.peak_rss_bytes / MB, height=0.74, color=light)
    if run.rss_bytes is not None:
        axis.barh(row, run.rss_bytes / MB, height=0.74, color=dark)
    value(axis, run.peak_rss_bytes / MB, row, f"{run.peak_rss_bytes / MB:,.0f}", engine)


def _mega(axis: Axes, title: str, note: str) -> None:
    axis.set_xlim(0, axis.get_xlim()[1] * 1.14)
    axis.set_title(title)
    axis.set_xlabel(note, fontsize=8)
    axis.xaxis.set_major_locator(few_ticks())


def _largest_run(engine: EngineResult) -> Run | None:
    return max(engine.throughput.values(), key=lambda run: run.peak_rss_bytes, default=None)


def _peak(run: Run | None) -> int:
    return 0 if run is None else run.peak_rss_bytes


def _relative_rate(engine: EngineResult, results: Results, facts: WorkloadFacts) -> float:
    """Against the fastest, so that workloads weigh alike."""
    rates = {other.name: rate_of(other, facts) for other in results.engines}
    best = max((rate.median for rate in rates.values() if rate is not None), default=1.0)
    rate = rates[engine.name]
    return 0.0 if rate is None else rate.median / best


def _sorted(results: Results, key: Callable[[EngineResult], float]) -> list[EngineResult]:
    return sorted(results.engines, key=key)
