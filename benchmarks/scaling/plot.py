"""Hours over workers, and what the size of a shard costs: one picture for the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from claxon_bench import figure_style
from scaling.scenarios import WORKERS_OF_PLAN, Found
from scaling.times import ShardTimes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plan_plot(times: ShardTimes, by_workers: Sequence[Found], by_shard_size: Sequence[Found]) -> Figure:
    """Left: hours by workers, beside the line of workers that never wait. Right: where time goes, by a shard's size."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    _by_workers(left, times, by_workers)
    _by_shard_size(right, by_shard_size)
    texts = by_workers[0].texts
    note = (
        f"simulated from {len(times.shards)} measured shards: {times.bundle}, {times.precision}, "
        f"{times.texts_per_second:,.0f} texts/s a worker · {times.machine.processor}"
    )
    return figure_style.titled(figure, f"{texts:,} texts: slow workers, dead workers, a dead driver", note)


def _by_workers(axis: Axes, times: ShardTimes, found: Sequence[Found]) -> None:
    workers = [row.scenario.cluster.workers for row in found]
    ideal = [found[0].texts / times.texts_per_second / count / 3600 for count in workers]
    axis.plot(workers, ideal, color=figure_style.THEIRS, linewidth=1.2, linestyle="--", label="nobody ever waits")
    axis.plot(
        workers, [row.hours for row in found], color=figure_style.OURS, linewidth=1.8, marker="o", label="simulated"
    )
    for row, count in zip(found, workers, strict=True):
        axis.annotate(
            f"{row.hours:,.0f} h" if row.hours >= 10 else f"{row.hours:.1f} h", (count, row.hours), xytext=(5, 4),
            textcoords="offset points", fontsize=8, color=figure_style.OURS,
        )  # fmt: skip
    axis.set_xscale("log", base=2)
    axis.set_yscale("log")
    axis.set_xticks(workers, [f"{count:,}" for count in workers])
    axis.minorticks_off()
    axis.margins(x=0.08, y=0.12)
    axis.set_xlabel("workers")
    axis.set_ylabel("hours")
    axis.grid(axis="y")
    axis.legend(loc="lower left")


def _by_shard_size(axis: Axes, found: Sequence[Found]) -> None:
    places = range(len(found))
    shares = {
        "work done": [row.efficiency for row in found],
        "work lost": [row.efficiency * row.lost_share for row in found],
    }
    waiting = [1 - sum(parts) for parts in zip(*shares.values(), strict=True)]
    colours = (figure_style.OURS, figure_style.OUTLINE, figure_style.THEIRS_LIGHT)
    base = [0.0] * len(found)
    for (name, share), colour in zip({**shares, "loading, waiting": waiting}.items(), colours, strict=True):
        axis.bar(places, [100 * part for part in share], bottom=base, color=colour, width=0.62, label=name)
        base = [under + 100 * part for under, part in zip(base, share, strict=True)]
    axis.set_xticks(places, [row.scenario.name for row in found])
    axis.set_xlabel(f"rows a shard, {WORKERS_OF_PLAN} workers")
    axis.set_ylabel("% of the time paid for")
    axis.set_ylim(0, 122)
    axis.set_yticks(range(0, 101, 20))
    axis.legend(loc="upper center", ncols=3, fontsize=7.5)
