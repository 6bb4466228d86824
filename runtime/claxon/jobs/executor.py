"""What runs a job's shards: processes of this machine, or those of a cluster. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from claxon.jobs.plan import Plan, Shard
from claxon.jobs.progress import Tally


class Engine(Protocol):
    """Has every shard done once by a ``ShardRunner`` somewhere, and tells the tally."""

    def run(self, plan: Plan, out: Path, shards: Sequence[Shard], tally: Tally) -> None:
        """Do the shards.

        Workers see ``out`` under the same path. A shard whose worker dies is done again, up to ``ATTEMPTS`` times; one
        that raises ``JobInputError`` is told of with ``tally.on_failed``, and the others go on; any other error, one
        that the tally raises among them, ends the run and the workers.

        Raises:
            JobWorkerError: a shard ended its worker ``ATTEMPTS`` times.
            ClaxonError, OSError: as ``ShardRunner`` and ``Tally``.
        """


# A shard that its worker dies of so often is not tried again.
ATTEMPTS = 3


def shard_name(plan: Plan, shard: Shard) -> str:
    """What errors call a shard."""
    last = shard.first_row + shard.rows - 1
    return f"shard {shard.number} (rows {shard.first_row:,} to {last:,} of {plan.files[shard.file].path})"
