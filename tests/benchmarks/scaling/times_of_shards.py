"""Times of shards that were never measured, for tests."""

from __future__ import annotations

from claxon_bench.results import Machine
from scaling.times import ShardTime, ShardTimes


def times_of_shards(*seconds: float) -> ShardTimes:
    """Shards of 1,000 texts of 20 tokens that took so long."""
    machine = Machine("Linux x86_64", "A processor", ("avx2",), 2, 2, "8 GiB", "3.11.0")
    shards = tuple(ShardTime(1000, 20_000, second) for second in seconds)
    return ShardTimes(
        bundle="tiny", digest="0" * 64, precision="int8", machine=machine, threads=2, workers=1, load_seconds=3.0,
        dispatch_seconds=0.005, resume_seconds=0.0002, bytes_a_text=80.0, bytes_a_shard=150.0, width=384,
        conditions="", shards=shards,
    )  # fmt: skip
