"""Where a job keeps what. Pure.

DIR/job.json                  the plan
DIR/job.lock, workers.lock    held by the processes at work
DIR/parts/part-000000.parquet     the rows of shard 0 that were labelled
DIR/rejects/part-000000.jsonl     those that could not be, where there are any
DIR/done/part-000000.json     the marker: shard 0 is done
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PLAN_NAME = "job.json"


@dataclass(frozen=True, slots=True)
class JobFolder:
    """The paths below a job's folder; ``suffix`` is that of its parts, such as ``.parquet``."""

    path: Path
    suffix: str

    @property
    def parts(self) -> Path:
        """The folder of the parts."""
        return self.path / "parts"

    @property
    def rejects(self) -> Path:
        """The folder of the rejected rows."""
        return self.path / "rejects"

    @property
    def done(self) -> Path:
        """The folder of the markers."""
        return self.path / "done"

    @property
    def folders(self) -> tuple[Path, ...]:
        """All three."""
        return self.parts, self.rejects, self.done

    def part(self, number: int) -> Path:
        """The rows of a shard."""
        return self.parts / f"{_stem(number)}{self.suffix}"

    def rejected(self, number: int) -> Path:
        """The rows of a shard that could not be labelled."""
        return self.rejects / f"{_stem(number)}.jsonl"

    def marker(self, number: int) -> Path:
        """What says that a shard is done."""
        return self.done / f"{_stem(number)}.json"

    def numbers_done(self) -> list[int]:
        """The numbers of the shards that have a marker, in order."""
        stems = (path.stem.removeprefix("part-") for path in self.done.glob("part-*.json"))
        return sorted(int(stem) for stem in stems if stem.isdecimal())


def _stem(number: int) -> str:
    return f"part-{number:06d}"
