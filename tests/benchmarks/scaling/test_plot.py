from __future__ import annotations

import numpy as np
from matplotlib.patches import Rectangle

from scaling.plot import plan_plot
from scaling.scenarios import by_shard_size, by_workers, found
from tests.benchmarks.scaling.times_of_shards import times_of_shards


def test_one_point_a_number_of_workers_and_one_bar_a_size() -> None:
    times = times_of_shards(2.0, 2.4)
    workers, sizes = ([found(row, [0]) for row in make(times, 2_000_000)] for make in (by_workers, by_shard_size))
    left, right = plan_plot(times, workers, sizes).axes
    ideal, simulated = (np.asarray(line.get_ydata(), float) for line in left.lines)
    assert simulated.tolist() == [row.hours for row in workers]
    assert (ideal <= simulated).all()
    heights = [bar.get_height() for bar in right.patches if isinstance(bar, Rectangle)]
    assert len(heights) == 3 * len(sizes)
    assert all(height >= 0 for height in heights)
