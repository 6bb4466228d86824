"""What a running job came to so far, told on standard error, and whether it may go on."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from claxon.errors import JobInputError, JobRejectsError
from claxon.jobs.parts import Marker, done_markers
from claxon.jobs.plan import Plan, Shard
from claxon.jobs.runner import WindowDone
from claxon.storage.job_folder import is_locked
from claxon.support.progress import Bar, progress

# Where standard error is no terminal, a line so often.
LINE_EVERY_S = 60.0
# One bad row in so many is let pass, where nothing else is asked for.
ROWS_A_REJECT = 100
MAX_NAMED = 3


class JobProgress:
    """Is told what workers do, by whatever executor runs them.

    Attributes:
        before: Markers of the shards that were done in earlier runs.
        done: Those of this run.
        failed: Shards that could not be read, and why.
    """

    def __init__(self, plan: Plan, before: Iterable[Marker], *, max_rejects: int | None, is_shown: bool) -> None:
        """Begin to count.

        Args:
            plan: What is done.
            before: Markers of earlier runs.
            max_rejects: Bad rows that are let pass; ``None`` for one in a hundred of all rows.
            is_shown: Whether to draw.
        """
        self.plan = plan
        self.done: list[Marker] = []
        self.failed: list[tuple[Shard, JobInputError]] = []
        self.before = list(before)
        self._rejected = sum(marker.rejected for marker in self.before)
        self._max_rejects = -(-plan.rows // ROWS_A_REJECT) if max_rejects is None else max_rejects
        self._is_shown = is_shown
        self._under_way: dict[int, WindowDone] = {}
        self._rows = self._n_tokens = 0
        self._began = self._last_line = time.monotonic()
        self._bar: Bar | None = None

    def left(self) -> list[Shard]:
        """The shards that are not done, in order."""
        done = {marker.shard.number for marker in (*self.before, *self.done)}
        return [shard for shard in self.plan.shards if shard.number not in done]

    @contextmanager
    def shown(self) -> Iterator[Self]:
        """Draw while the block lasts: a bar on a terminal, else a line a minute."""
        left = self.plan.rows - sum(marker.shard.rows for marker in self.before)
        if self._is_shown and self.before:
            print(f"claxon: {self._shards()} are done already", file=sys.stderr)
        with progress(left, unit=" texts", is_shown=self._is_shown and sys.stderr.isatty()) as self._bar:
            yield self

    def on_window(self, shard: Shard, window: WindowDone) -> None:
        """Some rows of a shard are labelled."""
        so_far = self._under_way.get(shard.number, WindowDone(0, 0))
        self._under_way[shard.number] = WindowDone(so_far.rows + window.rows, so_far.n_tokens + window.n_tokens)
        self._add(window.rows, window.n_tokens)

    def on_done(self, marker: Marker) -> None:
        """A shard is done.

        Raises:
            JobRejectsError: there are too many bad rows by now.
        """
        so_far = self._under_way.pop(marker.shard.number, WindowDone(0, 0))
        self.done.append(marker)
        self._add(marker.shard.rows - so_far.rows, marker.n_tokens - so_far.n_tokens)
        self._rejected += marker.rejected
        self.check_rejects()

    def on_lost(self, shard: Shard) -> None:
        """A worker died in the midst of a shard."""
        so_far = self._under_way.pop(shard.number, WindowDone(0, 0))
        self._add(-so_far.rows, -so_far.n_tokens)

    def on_failed(self, shard: Shard, error: JobInputError) -> None:
        """A shard cannot be read; the others go on."""
        self.on_lost(shard)
        self.failed.append((shard, error))

    def check_rejects(self) -> None:
        """Raise if there are too many bad rows, those of earlier runs included.

        Raises:
            JobRejectsError: there are.
        """
        if self._rejected > self._max_rejects:
            raise JobRejectsError(
                f"{self._rejected:,} rows could not be labelled, and {self._max_rejects:,} are let pass; "
                "the job's folder rejects tells which and why; a higher --max-rejects (max_rejects=) lets it go on"
            )

    def check_failures(self) -> None:
        """Raise if shards could not be read.

        Raises:
            JobInputError: the message tells the first reasons.
        """
        if self.failed:
            reasons = list(dict.fromkeys(str(error) for _, error in self.failed))
            raise JobInputError(
                f"{len(self.failed)} of {len(self.plan.shards)} shards are not done: {'; '.join(reasons[:MAX_NAMED])}"
            )

    @property
    def seconds(self) -> float:
        """Since it was made."""
        return time.monotonic() - self._began

    def rates(self) -> str:
        """Texts and tokens a second."""
        seconds = max(self.seconds, 1e-9)
        return f"{self._rows / seconds:,.0f} texts/s, {self._n_tokens / seconds:,.0f} tokens/s"

    def _add(self, rows: int, n_tokens: int) -> None:
        self._rows += rows
        self._n_tokens += n_tokens
        if self._bar is not None:
            tokens = self._n_tokens / max(self.seconds, 1e-9)
            self._bar.set_postfix_str(f"{tokens:,.0f} tokens/s, {self._shards()}", refresh=False)
            self._bar.update(rows)
        if self._is_shown and not sys.stderr.isatty() and time.monotonic() - self._last_line >= LINE_EVERY_S:
            self._last_line = time.monotonic()
            print(f"claxon: {self._line()}", file=sys.stderr, flush=True)

    def _shards(self) -> str:
        return f"{len(self.before) + len(self.done):,} of {len(self.plan.shards):,} shards"

    def _line(self) -> str:
        done = self._rows + sum(marker.shard.rows for marker in self.before)
        left_s = (self.plan.rows - done) * self.seconds / max(self._rows, 1)
        return f"{done:,} of {self.plan.rows:,} texts, {self._shards()}, {self.rates()}, {duration(left_s)} left"


def duration(seconds: float) -> str:
    """Seconds as people say them: ``1 h 5 min``."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


@dataclass(frozen=True, slots=True)
class JobStatus:
    """How far a job is.

    Attributes:
        out: Its folder.
        bundle: The bundle's folder where it was planned.
        bundle_digest: The bundle's digest.
        is_running: Whether a process of this machine works in the folder.
        files: How many the input has.
        rows: Of the input.
        rows_done: Rows of the shards that are done, bad ones included.
        labelled: Of those, how many were labelled, or embedded.
        rejected: How many are in the rejects.
        truncated: How many texts were cut.
        n_tokens: Tokens of the texts so far, before the cut.
        shards: How many there are.
        shards_done: How many of them are done.
        worker_seconds: What they took, over all workers.
        missing: How many are in the parts without a label: they have no text.
    """

    out: Path
    bundle: str
    bundle_digest: str
    is_running: bool
    files: int
    rows: int
    rows_done: int
    labelled: int
    rejected: int
    truncated: int
    n_tokens: int
    shards: int
    shards_done: int
    worker_seconds: float
    missing: int = 0

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return self.shards_done == self.shards


def job_status(out: str | os.PathLike[str]) -> JobStatus:
    """How far the job in a folder is, by its markers.

    Raises:
        JobError: the folder holds no job.
        JobDamagedError: the plan or a marker is not one.
    """
    folder = Path(out)
    plan = Plan.load(folder)
    markers = done_markers(plan, folder).values()
    return JobStatus(
        out=folder,
        bundle=plan.bundle,
        bundle_digest=plan.bundle_digest,
        is_running=is_locked(folder),
        files=len(plan.files),
        rows=plan.rows,
        rows_done=sum(marker.shard.rows for marker in markers),
        labelled=sum(marker.rows - marker.missing for marker in markers),
        missing=sum(marker.missing for marker in markers),
        rejected=sum(marker.rejected for marker in markers),
        truncated=sum(marker.truncated for marker in markers),
        n_tokens=sum(marker.n_tokens for marker in markers),
        shards=len(plan.shards),
        shards_done=len(markers),
        worker_seconds=sum(marker.seconds for marker in markers),
    )
