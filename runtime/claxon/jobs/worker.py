"""A worker: a process that does the shards that it is sent, until nothing more is sent or its parent is gone."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path

from claxon.errors import ClaxonError, JobError
from claxon.formats.arrow import arrow
from claxon.jobs.plan import Plan, Shard
from claxon.jobs.runner import ShardRunner
from claxon.jobs.storage import hold_worker_lock

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
