"""What was measured of a job: the time of each shard, and what surrounds it; a JSON file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from claxon.formats.writers import open_output
from claxon.storage.strict_json import StrictJSONError, decode, encode, parse
from claxon_bench.errors import BenchmarkError
from claxon_bench.results import Machine


@dataclass(frozen=True, slots=True)
class ShardTime:
    """One shard, as its marker tells."""

    rows: int
    n_tokens: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ShardTimes:
    """All that the simulation starts from.

    Attributes:
        bundle: The bundle's name.
        digest: Its digest.
        precision: What ran.
        threads: Processors of one worker.
        workers: How many worked side by side while the shards were timed.
        load_seconds: From the start of a worker's process until its encoder is loaded, median.
        dispatch_seconds: What the driver needs to hand out a shard and take note of it, median, through Ray.
        resume_seconds: What a new driver needs for each shard that is done.
        bytes_a_text: Of the parts that were written, without embeddings.
        bytes_a_shard: Of the plan, which every worker reads.
        width: Numbers of one embedding.
        conditions: What else there is to know, such as other work on the machine; empty for nothing.
        shards: In the order of the input.
    """

    bundle: str
    digest: str
    precision: str
    machine: Machine
    threads: int
    workers: int
    load_seconds: float
    dispatch_seconds: float
    resume_seconds: float
    bytes_a_text: float
    bytes_a_shard: float
    width: int
    conditions: str
    shards: tuple[ShardTime, ...]

    @property
    def texts_per_second(self) -> float:
        """Of one worker at work."""
        return sum(shard.rows for shard in self.shards) / sum(shard.seconds for shard in self.shards)

    @property
    def tokens_a_text(self) -> float:
        """The mean."""
        return sum(shard.n_tokens for shard in self.shards) / sum(shard.rows for shard in self.shards)

    def seconds_of(self, rows: int) -> tuple[float, ...]:
        """What shards of ``rows`` rows take: the time a row of each measured shard, times the rows.

        A measured shard that was slow stands for one that is slow throughout, so that larger shards vary as much.
        """
        return tuple(rows * shard.seconds / shard.rows for shard in self.shards)

    @classmethod
    def read(cls, path: Path) -> ShardTimes:
        """What was written.

        Raises:
            BenchmarkError: the file is not one of these.
        """
        try:
            times: ShardTimes = decode(cls, parse(path.read_bytes()))
        except StrictJSONError as error:
            raise BenchmarkError(f"{path}: {error}; write it anew with `python -m scaling.measure`") from None
        if not times.shards:
            raise BenchmarkError(f"{path} holds no shards; write it anew with `python -m scaling.measure`")
        return times

    def write(self, path: Path) -> None:
        """Whole or not at all."""
        with open_output(str(path)) as stream:
            stream.write((json.dumps(encode(self), indent=1, ensure_ascii=False) + "\n").encode())
