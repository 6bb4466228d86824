from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from claxon_bench import figure_style
from reliability.process_family import is_listed
from reliability.resident_memory import MIB, Memory, Sampler, draw


def test_growth_is_seen_after_the_warm_up_only() -> None:
    seconds = tuple(float(at) for at in range(100))
    flat = Memory("job", seconds, (10,) * 9 + (100 * MIB,) * 91)
    growing = Memory("job", seconds, tuple(at * MIB for at in range(100)))
    assert flat.growth_bytes == 0
    assert flat.most_bytes == 100 * MIB
    assert growing.growth_bytes == 81 * MIB


@pytest.mark.skipif(not is_listed(), reason="processes are read from /proc")
def test_a_process_is_sampled_while_the_block_lasts() -> None:
    sampler = Sampler(os.getpid(), 0.01)
    with sampler.sampling():
        time.sleep(0.2)
    (memory,) = [memory for memory in sampler.memories if memory.name == "job"]
    assert len(memory.seconds) == len(memory.resident) > 2
    assert memory.most_bytes > 10 * MIB


def test_every_process_has_a_line(tmp_path: Path) -> None:
    memories = [Memory(name, (0.0, 60.0), (MIB, 2 * MIB)) for name in ("job", "worker 1", "worker 2")]
    figure = draw(memories, "title", "note")
    assert len(figure.axes[0].lines) == 3
    path = figure_style.save(figure, tmp_path / "x")
    assert path.stat().st_size > 1000
