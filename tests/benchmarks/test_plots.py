from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from claxon.errors import MissingDependencyError
from claxon_bench.plots import latency_plot, memory_plot, throughput_plot, write_plots
from claxon_bench.results import Kind
from tests.measurements import sample_results

pytest.importorskip("matplotlib")


@pytest.mark.parametrize("kind", list(Kind))
def test_every_plot_is_written_in_both_formats(kind: Kind, tmp_path: Path) -> None:
    paths = write_plots(sample_results(kind), tmp_path)
    assert [path.name for path in paths] == [
        "throughput.png", "latency.png", "memory.png", "accuracy.png", "devices.png",
    ]  # fmt: skip
    for path in paths:
        assert path.read_bytes().startswith(b"\x89PNG")
        assert "<svg" in path.with_suffix(".svg").read_text(encoding="utf-8")


def test_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_plots(sample_results(), tmp_path / name)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_nothing_measured_draws_nothing(tmp_path: Path) -> None:
    assert write_plots(replace(sample_results(), engines=(), sweep=()), tmp_path) == []


def test_fastest_is_on_top_and_ours_is_bold() -> None:
    figure = throughput_plot(sample_results())
    assert figure is not None
    labels = figure.axes[0].get_yticklabels()
    assert [label.get_text() for label in labels] == [
        "sentence-transformers, torch fp32", "sentence-transformers, OpenVINO", "Claxon, int8",
    ]  # fmt: skip
    assert [label.get_fontweight() for label in labels] == ["normal", "normal", "bold"]
    assert len(figure.axes) == 2


def test_bars_are_as_long_as_the_medians() -> None:
    figure = throughput_plot(sample_results())
    assert figure is not None
    assert figure.axes[0].patches[2].get_width() == pytest.approx(1024)  # type: ignore[attr-defined]


def test_latency_and_memory_have_a_row_for_each_engine_that_ran() -> None:
    for draw in (latency_plot, memory_plot):
        figure = draw(sample_results())
        assert figure is not None
        assert len(figure.axes[0].get_yticklabels()) == 3


def test_without_matplotlib_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependencyError, match=r"claxon\[bench\]"):
        write_plots(sample_results(), tmp_path)
