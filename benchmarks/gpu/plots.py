"""Results -> two plots: throughput of every engine, and the batch at which the GPU overtakes the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from claxon_bench.figure_style import OURS, STYLE, THEIRS, save
from claxon_bench.workloads import Length
from gpu.tables import device_name, figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def write_plots(results: dict[str, Any], folder: Path) -> list[Path]:
    """The plots of what was measured.

    Raises:
        ImportError: matplotlib is not installed.
        OSError: a file cannot be written.
    """
    fast = figures(results, "fast")
    engines = {name: found for name, found in fast.items() if "throughput" in found}
    batches = {name.partition(":")[0]: found for name, found in fast.items() if "overtakes_at" in found}
    written = [_throughput(engines, device_name(results), folder)] if engines else []
    return [*written, _overtaking(batches, device_name(results), folder)] if batches else written


def _throughput(engines: dict[str, Any], device: str, folder: Path) -> Path:
    """A panel for each length, a bar for each engine."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(11, 1.6 + 0.28 * len(engines)), layout="constrained")
        panels = figure.subplots(1, len(Length), sharey=True)
        for axis, length in zip(panels, Length, strict=True):
            rates = [found["throughput"][length]["texts_per_second"] for found in engines.values()]
            colours = [OURS if ": Claxon" in name else THEIRS for name in engines]
            bars = axis.barh(range(len(engines)), rates, color=colours)
            axis.bar_label(bars, fmt="{:,.0f}", padding=3)
            axis.set_yticks(range(len(engines)), engines)
            axis.set_title(length)
            axis.set_xmargin(0.25)
        panels[0].invert_yaxis()
        figure.suptitle(f"Texts a second on {device}")
        return save(figure, folder / "throughput")


def _overtaking(batches: dict[str, Any], device: str, folder: Path) -> Path:
    """A panel for each model: texts a second by texts a batch, a line for each device."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.6 * len(batches), 3.6), layout="constrained")
        panels = figure.subplots(1, len(batches), squeeze=False)[0]
        for axis, (name, found) in zip(panels, batches.items(), strict=True):
            _lines(axis, found["texts_per_second"])
            axis.set_title(name)
        figure.suptitle(f"Medium texts a second, by texts a batch: {device}")
        return save(figure, folder / "batches")


def _lines(axis: Axes, by_device: dict[str, dict[str, float]]) -> None:
    for device, rates in by_device.items():
        axis.plot([int(size) for size in rates], list(rates.values()), marker="o", label=device,
                  color=THEIRS if device == "cpu" else OURS)  # fmt: skip
    axis.set_xscale("log", base=2)
    axis.set_yscale("log")
    axis.set_xlabel("texts a batch")
    axis.legend()
