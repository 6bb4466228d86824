"""Writers on a disk that is full at any point, or read-only: a typed error, the old target as it was, nothing left."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from claxon.errors import ClaxonError
from reliability.part import Outcome, Settings
from reliability.small_disk import NoSmallDiskError, SmallDisk, small_disk
from reliability.writing_jobs import JOBS, Job, Sources, fingerprint, prepare, write_sources

SIZE_BYTES = 16 << 20
SIZES = 40  # of the space that is left, for each job
PAGE_BYTES = 4096
PLACE = "place"
PROMISE = "nothing was changed"
READ_ONLY = ("read-only", "Read-only", "cannot be written")


def run(settings: Settings) -> Outcome:
    """Run every job with less space than it needs, and with none that can be written."""
    start, counts, failures = time.perf_counter(), Counter[str](), list[str]()
    sources = write_sources(settings.folder / "sources", settings.seed)
    try:
        with small_disk(settings.folder / "disk", SIZE_BYTES) as disk:
            for job in JOBS.values():
                draw = random.Random(f"{settings.seed} {job.name}")
                for problem in _problems(job, sources, disk, draw, settings.scaled(SIZES), counts):
                    failures.append(f"{job.name}, {problem}")
    except NoSmallDiskError as error:
        return Outcome("full_disks", time.perf_counter() - start, not_run=str(error))
    return Outcome("full_disks", time.perf_counter() - start, dict(counts), failures)


def _problems(
    job: Job, sources: Sources, disk: SmallDisk, draw: random.Random, sizes: int, counts: Counter[str]
) -> Iterator[str]:
    place = _fresh(job, sources, disk)
    job.run(sources, place)
    whole, needed = fingerprint(place / job.target), _bytes_below(place) + 16 * PAGE_BYTES
    for free_bytes in [0, *(draw.randrange(PAGE_BYTES, needed, PAGE_BYTES) for _ in range(sizes - 1))]:
        place = _fresh(job, sources, disk)
        before = fingerprint(place / job.target)
        disk.leave(free_bytes)
        problem = _problem(job, sources, place, before, whole, (PROMISE,), counts)
        counts["full_disks"] += 1
        yield from (f"{free_bytes} bytes free: {line}" for line in problem)
    place = _fresh(job, sources, disk)
    before = fingerprint(place / job.target)
    with disk.read_only():
        counts["read_only_disks"] += 1
        yield from (f"read-only: {line}" for line in _problem(job, sources, place, before, None, READ_ONLY, counts))


def _fresh(job: Job, sources: Sources, disk: SmallDisk) -> Path:
    """The place with the old target alone, and all the space that there is."""
    place = disk.folder / PLACE
    disk.leave(disk.size_bytes)
    shutil.rmtree(place, ignore_errors=True)
    prepare(job, sources, place)
    return place


def _problem(
    job: Job,
    sources: Sources,
    place: Path,
    before: str | None,
    whole: str | None,
    words: tuple[str, ...],
    counts: Counter[str],
) -> Iterator[str]:
    """Run the job, and tell what should not be.

    Args:
        job: What is run.
        sources: What it reads.
        place: Where it writes.
        before: The old target's fingerprint.
        whole: The new one's, where it may come about.
        words: An error has one of them.
        counts: Gets one more of how it ended.
    """
    target = place / job.target
    try:
        job.run(sources, place)
    except ClaxonError as error:
        counts["typed_errors"] += 1
        if not any(word in str(error) for word in words):
            yield f"an error that does not tell: {error}"
        if fingerprint(target) != before:
            yield f"the target was changed, and an error raised: {error}"
    except Exception as error:  # any other is what is looked for
        yield f"{type(error).__name__}: {error}"
    else:
        counts["successes"] += 1
        if job.failing and whole is None:
            yield "it says that it could be written"
        if job.repeatable and fingerprint(target) != whole:
            yield "no error, and another target than with enough space"
        if target.exists():
            job.look(target)
    yield from (f"left behind: {path.name}" for path in place.rglob("*") if _is_left(path, target))


def _is_left(path: Path, target: Path) -> bool:
    return path.suffix in (".unfinished", ".tmp", ".lock") or (path.parent == target.parent and path != target)


def _bytes_below(folder: Path) -> int:
    return sum(-(-path.stat().st_size // PAGE_BYTES) * PAGE_BYTES for path in folder.rglob("*") if path.is_file())
