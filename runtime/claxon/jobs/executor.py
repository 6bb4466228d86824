"""What runs a job's shards: processes of this machine, or those of a cluster."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import current_process, get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Protocol

from claxon.engine.hardware import available_threads
from claxon.errors import ClaxonError, JobError, JobInputError, JobWorkerError
from claxon.formats.arrow import arrow
from claxon.jobs.parts import Marker
from claxon.jobs.plan import Plan, Shard
from claxon.jobs.progress import JobProgress
from claxon.jobs.runner import ShardRunner, WindowDone
from claxon.storage.job_folder import hold_worker_lock


class Executor(Protocol):
    """Has every shard done once by a ``ShardRunner`` somewhere, and tells the tally."""

    def run(self, plan: Plan, out: Path, shards: Sequence[Shard], tally: JobProgress) -> None:
        """Do the shards.

        Workers see ``out`` under the same path. A shard whose worker dies is done again, up to ``ATTEMPTS`` times; one
        that raises ``JobInputError`` is told of with ``tally.on_failed``, and the others go on; any other error, one
        that the tally raises among them, ends the run and the workers.

        Raises:
            JobWorkerError: a shard ended its worker ``ATTEMPTS`` times.
            ClaxonError, OSError: as ``ShardRunner`` and ``JobProgress``.
        """


# A shard that its worker dies of so often is not tried again.
ATTEMPTS = 3


def shard_name(plan: Plan, shard: Shard) -> str:
    """What errors call a shard."""
    last = shard.first_row + shard.rows - 1
    return f"shard {shard.number} (rows {shard.first_row:,} to {last:,} of {plan.files[shard.file].path})"


PARENT_IS_GONE = 1


@dataclass(frozen=True, slots=True)
class Failure:
    """A shard, or the worker as a whole, failed with an error."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Ready:
    """The bundle is loaded."""


def work(connection: Connection, plan: Plan, out: Path, threads: int) -> None:
    """The whole life of a worker process.

    It is sent shards and answers each with windows that are done and then a marker, or with a failure.

    Args:
        connection: To the parent.
        plan: What is done.
        out: The job's folder.
        threads: The worker's share.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent ends its workers itself
    threading.Thread(target=_end_with_parent, daemon=True).start()
    hold_worker_lock(out)
    limit_threads(threads)
    try:
        with ShardRunner(plan, out, threads=threads) as runner:
            connection.send(Ready())
            _serve(connection, runner)
    except Exception as error:  # whatever it is, the parent says it and ends the job
        connection.send(Failure(travelling(error)))


def _serve(connection: Connection, runner: ShardRunner) -> None:
    while True:
        try:
            shard: Shard = connection.recv()
        except EOFError:
            return
        try:
            connection.send(runner.run(shard, connection.send))
        except JobError as error:
            connection.send(Failure(travelling(error)))


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(PARENT_IS_GONE)


def limit_threads(threads: int) -> None:
    """What brings threads of its own is given as many as the encoder: the tokenizer's, and Arrow's."""
    os.environ.setdefault("RAYON_NUM_THREADS", str(threads))
    arrow().set_cpu_count(threads)
    arrow().set_io_thread_count(max(threads, 2))  # with one, a reader that waits for another would wait for ever


def travelling(error: Exception) -> Exception:
    """The error as it can be sent to another process; one that cannot is told in words."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # an error's own way to be made again may fail in any way
        return JobError(f"{type(error).__name__}: {error}")
    if isinstance(error, ClaxonError | OSError | MemoryError):
        return error
    return JobError(f"a worker failed with {type(error).__name__}: {error}")


END_WITHIN_S = 10.0


class LocalExecutor:
    """Processes of this machine."""

    def __init__(self, workers: int = 1, threads: int | None = None) -> None:
        """Run ``workers`` processes of ``threads`` each; ``None``: what the machine has, shared out."""
        self.workers = workers
        self.threads = max(1, available_threads() // workers) if threads is None else threads

    def run(self, plan: Plan, out: Path, shards: Sequence[Shard], tally: JobProgress) -> None:
        """Do the shards; see ``Executor``. A daemonic process, which may have no children, does them itself."""
        if current_process().daemon:
            _run_here(plan, out, shards, tally, self.threads)
        else:
            _Crew(plan, out, deque(shards), tally, self.threads).run(min(self.workers, len(shards)))


def _run_here(plan: Plan, out: Path, shards: Sequence[Shard], tally: JobProgress, threads: int) -> None:
    """Do the shards in this process, as in the workers of task queues, which are daemonic."""
    with ShardRunner(plan, out, threads=threads) as runner:
        for shard in shards:
            try:
                tally.on_done(runner.run(shard, partial(tally.on_window, shard)))
            except JobInputError as error:
                tally.on_failed(shard, error)


class _Worker:
    """A process, and the shard that it is at."""

    def __init__(self, plan: Plan, out: Path, threads: int) -> None:
        context = get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(target=work, args=(theirs, plan, out, threads), daemon=True)
        self.shard: Shard | None = None
        self.is_ready = False
        with _interrupts_ignored():
            self.process.start()
        theirs.close()  # so that the connection ends when the process does

    def give(self, shard: Shard) -> None:
        """Have a shard done."""
        self.shard = shard
        with suppress(OSError):  # the process is dead; that is noticed when its answer is waited for
            self.connection.send(shard)

    def end(self) -> None:
        """Let the process end by itself: it is at nothing."""
        self.connection.close()
        self.process.join(END_WITHIN_S)

    def kill(self) -> None:
        """End the process, whatever it is at."""
        self.process.kill()
        self.process.join(END_WITHIN_S)
        self.connection.close()


class _Crew:
    """The workers of one run."""

    def __init__(self, plan: Plan, out: Path, shards: deque[Shard], tally: JobProgress, threads: int) -> None:
        self._plan = plan
        self._out = out
        self._shards = shards
        self._tally = tally
        self._threads = threads
        self._deaths: Counter[int] = Counter()
        self._workers: dict[Connection, _Worker] = {}

    def run(self, n_workers: int) -> None:
        try:
            for _ in range(n_workers):
                self._start()
            while self._workers:
                for ready in wait(list(self._workers)):
                    self._hear(self._workers[ready])  # type: ignore[index]  # only connections are waited for
        finally:
            for worker in self._workers.values():
                worker.kill()

    def _start(self) -> None:
        worker = _Worker(self._plan, self._out, self._threads)
        self._workers[worker.connection] = worker
        worker.give(self._shards.popleft())

    def _hear(self, worker: _Worker) -> None:
        try:
            said = worker.connection.recv()
        except (EOFError, OSError):
            self._bury(worker)
            return
        shard = worker.shard
        if isinstance(said, Ready):
            worker.is_ready = True
        elif isinstance(said, WindowDone) and shard is not None:
            self._tally.on_window(shard, said)
        elif isinstance(said, Marker):
            self._tally.on_done(said)
            self._next(worker)
        elif isinstance(said, Failure):
            if not isinstance(said.error, JobInputError) or shard is None:
                raise said.error
            self._tally.on_failed(shard, said.error)
            self._next(worker)

    def _next(self, worker: _Worker) -> None:
        if self._shards:
            worker.give(self._shards.popleft())
        else:
            del self._workers[worker.connection]
            worker.end()

    def _bury(self, worker: _Worker) -> None:
        """A worker died: another does its shard again."""
        del self._workers[worker.connection]
        worker.kill()
        shard = worker.shard
        if shard is None:
            return
        self._tally.on_lost(shard)
        self._deaths[shard.number] += 1
        if self._deaths[shard.number] >= ATTEMPTS:
            raise JobWorkerError(
                f"{shard_name(self._plan, shard)} ended its worker {ATTEMPTS} times, {_cause(worker)}; "
                "the shards that are done stay done"
            )
        self._shards.appendleft(shard)
        self._start()


def _cause(worker: _Worker) -> str:
    code = worker.process.exitcode
    if code == -getattr(signal, "SIGKILL", 0):  # Windows has none
        return "at last by a SIGKILL, as the system sends when memory runs out: try fewer --workers"
    if not worker.is_ready:
        return (
            f"at last with exit code {code} before the bundle was loaded: "
            "a script calls run_job under `if __name__ == '__main__':`, and is a file"
        )
    return f"at last by signal {-code}" if code is not None and code < 0 else f"at last with exit code {code}"


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """A process started meanwhile ignores Ctrl-C from its first moment on; only the main thread may set that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
