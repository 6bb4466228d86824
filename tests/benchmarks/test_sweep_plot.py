from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from claxon_bench.sweep_plot import sweep_plot
from tests.measurements import sample_results

pytest.importorskip("matplotlib")


def test_line_for_each_device_that_ran() -> None:
    figure = sweep_plot(sample_results())
    assert figure is not None
    (axis,) = figure.axes
    (line,) = axis.get_lines()
    assert line.get_label() == "cpu, fp32"
    assert np.asarray(line.get_xdata()).tolist() == [1, 8]


def test_without_a_device_there_is_no_plot() -> None:
    results = sample_results()
    assert sweep_plot(replace(results, sweep=results.sweep[2:])) is None
