from __future__ import annotations

from pathlib import Path

import pytest

from claxon.errors import OptionError
from claxon_bench.sweep import MOST_BATCHES, SweepPlan, run_sweep
from claxon_bench.workloads import workloads
from tests.measurements import sample_arena


def test_every_batch_size_is_run_on_so_many_batches(tiny_bundle: Path, tmp_path: Path) -> None:
    chosen = workloads(["short"], limit=48, quick=True)
    points = run_sweep(sample_arena(tiny_bundle, tmp_path), SweepPlan(("cpu",), ("fp32",), (1, 8)), chosen, print)
    assert [(point.batch_size, point.texts, len(point.seconds)) for point in points] == [
        (1, MOST_BATCHES, 1),
        (8, 64, 1),
    ]
    assert all(point.problem is None for point in points)


def test_precision_that_the_bundle_has_not_says_so(tiny_bundle: Path, tmp_path: Path) -> None:
    chosen = workloads(["short"], limit=48, quick=True)
    (point,) = run_sweep(sample_arena(tiny_bundle, tmp_path), SweepPlan(("cpu",), ("fp16",), (4,)), chosen, print)
    assert point.problem is not None
    assert "fp32" in point.problem


def test_nothing_to_sweep_is_an_error(tiny_bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="a device, a precision"):
        run_sweep(sample_arena(tiny_bundle, tmp_path), SweepPlan((), ("fp32",)), [], print)
