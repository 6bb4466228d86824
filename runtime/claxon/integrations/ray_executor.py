"""A job's shards on a Ray cluster: actors do them, each with an encoder; the only import of ray for jobs."""

from __future__ import annotations

import os
import socket
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from claxon.errors import JobError, JobInputError, JobWorkerError, MissingDependencyError
from claxon.jobs.executor import ATTEMPTS, Failure, limit_threads, shard_name, travelling
from claxon.jobs.parts import Marker
from claxon.jobs.plan import Plan, Shard
from claxon.jobs.progress import JobProgress
from claxon.jobs.runner import ShardRunner
from claxon.storage.job_folder import hold_worker_lock, wait_for_workers
from claxon.support.validation import count

CONNECT_WITHIN_S = 10.0
FoundOnNode = str | os.PathLike[str] | Callable[[], str | os.PathLike[str]]


class RayExecutor:
    """Actors of a Ray cluster, which see the inputs and the job's folder under the same paths as the driver.

    >>> run_job(bundle, inputs, out, executor=RayExecutor(workers=64, threads=2, address="auto"))
    """

    def __init__(
        self,
        workers: int = 1,
        threads: int | None = None,
        *,
        address: str | None = None,
        bundle: FoundOnNode | None = None,
    ) -> None:
        """Say what to ask of Ray; nothing is asked yet.

        Args:
            workers: Actors at most. Those for which there is no room wait, and the others go on.
            threads: Processors of each actor, and its encoder's threads; ``None`` for one.
            address: The cluster's, such as ``auto``; ``None`` for the one that this process is connected to or
                ``RAY_ADDRESS`` names, else for one on this machine that ends with the job.
            bundle: Where the nodes have the bundle, or a function without arguments that finds it there; ``None`` for
                the path on the driver.

        Raises:
            OptionError: workers or threads are not whole numbers from 1 up.
        """
        self.workers = count("workers", workers, none_means="one") or 1
        self.threads = count("threads", threads, none_means="one") or 1
        self.address = address
        self.bundle = bundle

    def run(self, plan: Plan, out: Path, shards: Sequence[Shard], tally: JobProgress) -> None:
        """Do the shards; see ``Engine``.

        Raises:
            MissingDependencyError: ray is not installed.
            JobError: there is no cluster at the address.
        """
        ray = _ray()
        with _connected(ray, self.address):
            tell_of_room(ray, self.threads)
            wait_for_workers(out)  # actors of a driver that was killed: Ray ends them
            actor = ray.remote(num_cpus=self.threads, max_restarts=0, max_task_retries=0)(ShardActor)
            sent = ray.put(plan)
            crew = _Crew(ray, plan, deque(shards), tally, lambda: actor.remote(sent, out, self.threads, self.bundle))
            crew.run(min(self.workers, len(shards)))


class ShardActor:
    """Does shards on a node, one after the other; loads the bundle with the first."""

    def __init__(self, plan: Plan, out: Path, threads: int, bundle: FoundOnNode | None) -> None:
        self._plan = plan
        self._out = out
        self._threads = threads
        self._bundle = bundle
        self._runner: ShardRunner | None = None

    def run(self, shard: Shard) -> Marker | Failure:
        """The shard's marker; or why there is none, which as an exception would come back in Ray's words."""
        try:
            if self._runner is None:
                self._runner = self._loaded()
            return self._runner.run(shard)
        except Exception as error:  # whatever it is, the driver says it and ends the job
            return Failure(travelling(error))

    def close(self) -> None:
        """Give the memory back."""
        if self._runner is not None:
            self._runner.close()

    def _loaded(self) -> ShardRunner:
        hold_worker_lock(self._out)
        limit_threads(self._threads)
        bundle = self._bundle() if callable(self._bundle) else self._bundle
        place = None if bundle is None else Path(bundle)
        return ShardRunner(self._plan, self._out, threads=self._threads, bundle=place)


@dataclass(frozen=True, slots=True)
class _Assignment:
    """An actor and the shard that it is at."""

    actor: Any
    shard: Shard


class _Crew:
    """The actors of one run."""

    def __init__(
        self, ray: Any, plan: Plan, shards: deque[Shard], tally: JobProgress, new_actor: Callable[[], Any]
    ) -> None:
        self._ray = ray
        self._plan = plan
        self._shards = shards
        self._tally = tally
        self._new_actor = new_actor
        self._deaths: Counter[int] = Counter()
        self._assignments: dict[Any, _Assignment] = {}

    def run(self, n_actors: int) -> None:
        try:
            for _ in range(n_actors):
                self._give(self._new_actor())
            while self._assignments:
                answered, _ = self._ray.wait(list(self._assignments))
                for answer in answered:
                    self._hear(answer)
        finally:
            for assignment in self._assignments.values():
                self._ray.kill(assignment.actor)

    def _give(self, actor: Any) -> None:
        """Have the actor do the next shard; without one it is let go."""
        if not self._shards:
            self._ray.kill(actor)
            return
        shard = self._shards.popleft()
        self._assignments[actor.run.remote(shard)] = _Assignment(actor, shard)

    def _hear(self, answer: Any) -> None:
        assignment = self._assignments[answer]
        try:
            said = self._ray.get(answer)
        except self._ray.exceptions.RayActorError as error:
            del self._assignments[answer]
            self._bury(assignment.shard, error)
            return
        if isinstance(said, Marker):
            self._tally.on_done(said)
        elif isinstance(said.error, JobInputError):
            self._tally.on_failed(assignment.shard, said.error)
        else:
            raise said.error
        del self._assignments[answer]
        self._give(assignment.actor)

    def _bury(self, shard: Shard, error: Exception) -> None:
        """An actor died, perhaps with its node: another does its shard again."""
        self._tally.on_lost(shard)
        self._deaths[shard.number] += 1
        if self._deaths[shard.number] >= ATTEMPTS:
            raise JobWorkerError(
                f"{shard_name(self._plan, shard)} ended its actor {ATTEMPTS} times, at last so: "
                f"{_first_line(error)}; the shards that are done stay done"
            ) from error
        self._shards.appendleft(shard)
        self._give(self._new_actor())


@contextmanager
def _connected(ray: Any, address: str | None) -> Iterator[None]:
    """The connection that is there already, or one that ends with the block."""
    if ray.is_initialized():
        yield
        return
    given = address or os.environ.get("RAY_ADDRESS") or None
    try:
        check_reachable(given or "")
        ray.init(address=given, log_to_driver=False, logging_level="warning")
    except Exception as error:  # a node that is slow to start has no class of its own, a bare Exception
        raise JobError(f"no Ray cluster can be used at {given or 'this machine'}: {_first_line(error)}") from error
    try:
        yield
    finally:
        ray.shutdown()


def check_reachable(address: str) -> None:
    """Raise unless something listens at ``host:port``; Ray itself would try for many minutes.

    Raises:
        OSError: nothing does.
    """
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), CONNECT_WITHIN_S).close()


def tell_of_room(ray: Any, threads: int) -> None:
    """Say so if no node is large enough by now: one may still join, and until then nothing happens."""
    most = max((node["Resources"].get("CPU", 0.0) for node in ray.nodes() if node["Alive"]), default=0.0)
    if most < threads:
        print(
            f"claxon: no node of the Ray cluster has {threads} processors, the largest has {most:g}: "
            "the job waits until one joins; Ctrl-C, and fewer --threads (threads=), would do",
            file=sys.stderr,
        )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _ray() -> Any:
    """The module ``ray``.

    Raises:
        MissingDependencyError: it is not installed; the message names the extra that brings it.
    """
    try:
        return import_module("ray")
    except ImportError as error:
        raise MissingDependencyError(f"ray cannot be imported ({error}); pip install 'claxon[ray]'") from error
