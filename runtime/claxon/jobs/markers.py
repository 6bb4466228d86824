"""Done-markers: what was written for a shard, and how one sees that it is still that."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from claxon.errors import JobDamagedError
from claxon.jobs.plan import Plan, Shard
from claxon.jobs.storage import write_durably
from claxon.storage.strict_json import StrictJSONError, decode, encode, parse


@dataclass(frozen=True, slots=True)
class Written:
    """A file as it was written."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Marker:
    """A shard is done.

    Attributes:
        shard: The shard.
        input_sha256: Of the file that it was read from.
        bundle_digest: Of the bundle that labelled it.
        options_digest: Of the options.
        part: The file of its rows.
        rejects: The file of its bad rows; ``None`` where it has none.
        rows: Rows in the part.
        rejected: Bad rows; with ``rows`` they add up to the shard's.
        truncated: Texts that were cut.
        n_tokens: Tokens of all texts before the cut; of a very long text at least so many.
        seconds: From the first row to the marker, in the worker.
    """

    shard: Shard
    input_sha256: str
    bundle_digest: str
    options_digest: str
    part: Written
    rejects: Written | None
    rows: int
    rejected: int
    truncated: int
    n_tokens: int
    seconds: float


def write_marker(plan: Plan, out: Path, marker: Marker) -> None:
    """Say that a shard is done; its files are on the disk by then.

    Raises:
        JobWriteError: the marker cannot be written.
    """
    content = (json.dumps(encode(marker), indent=1) + "\n").encode()
    write_durably(plan.folder(out).marker(marker.shard.number), content)


def read_marker(plan: Plan, out: Path, number: int) -> Marker:
    """The marker of a shard.

    Raises:
        JobDamagedError: it is no marker, or one of another job.
        FileNotFoundError: the shard is not done.
    """
    path = plan.folder(out).marker(number)
    try:
        marker: Marker = decode(Marker, parse(path.read_bytes()))
    except StrictJSONError as error:
        raise JobDamagedError(f"{path}: {error}; remove it, and the next run does the shard again") from None
    if number >= len(plan.shards) or not _is_of(marker, plan, plan.shards[number]):
        raise JobDamagedError(f"{path} is of another job; remove it, and the next run does the shard again")
    return marker


def read_markers(plan: Plan, out: Path) -> dict[int, Marker]:
    """The markers of all shards that have one, by the shard's number.

    Raises:
        JobDamagedError: as ``read_marker``.
    """
    return {number: read_marker(plan, out, number) for number in plan.folder(out).numbers_done()}


def done_markers(plan: Plan, out: Path) -> dict[int, Marker]:
    """The markers of all shards that are done: one whose part is gone, or has another size, is not.

    Raises:
        JobDamagedError: as ``read_marker``.
    """
    folder = plan.folder(out)
    found = read_markers(plan, out)
    return {number: marker for number, marker in found.items() if _has_size(folder.part(number), marker.part)}


def pending(plan: Plan, out: Path) -> list[Shard]:
    """The shards that are not done, in order.

    Raises:
        JobDamagedError: as ``read_marker``.
    """
    done = done_markers(plan, out)
    return [shard for shard in plan.shards if shard.number not in done]


def _has_size(path: Path, written: Written) -> bool:
    try:
        return path.stat().st_size == written.size_bytes
    except OSError:
        return False


def _is_of(marker: Marker, plan: Plan, shard: Shard) -> bool:
    expected = (shard, plan.files[shard.file].sha256, plan.bundle_digest, plan.options.digest)
    found = (marker.shard, marker.input_sha256, marker.bundle_digest, marker.options_digest)
    return found == expected and marker.rows + marker.rejected == shard.rows
