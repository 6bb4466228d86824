"""A process of one's own for a job, killed before the n-th thing that it does to files: the same moment every time."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from claxon.errors import ClaxonError

CHANGES = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "os.truncate"}
# Each child is forked from a process that has imported all of this and started no thread.
PRELOADED = [
    "numpy", "onnx", "safetensors.numpy", "scipy.optimize", "skl2onnx", "sklearn.linear_model", "sklearn.pipeline",
    "threadpoolctl", "tokenizers", "claxon_export.pipeline", "claxon_export.evaluation.evaluate",
    "claxon_export.training.fitting", "reliability.writing_jobs",
]  # fmt: skip
SERVER = multiprocessing.get_context("forkserver")
LIMIT_S = 120.0

Action = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Kill:
    """When a job is killed: before the operation of this number, from 1, or after so many seconds; or never."""

    operation: int | None = None
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended.

    Attributes:
        operations: On files, of which there were so many; 0 if it was killed.
        error: What it raised, type and message; empty if it did its work.
        is_typed: Whether that is an error of Claxon's.
    """

    was_killed: bool
    seconds: float
    operations: int = 0
    error: str = ""
    is_typed: bool = True


class Running:
    """A job in its process."""

    def __init__(self, action: Action, place: Path, kill: Kill | None = None) -> None:
        """Begin.

        Args:
            action: Picklable.
            place: Operations on files below it are counted.
            kill: When to end it.
        """
        SERVER.set_forkserver_preload(PRELOADED)
        self._ours, theirs = SERVER.Pipe(duplex=False)
        operation = None if kill is None else kill.operation
        self._process = SERVER.Process(target=_act, args=(action, str(place), operation, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self._ours.recv()  # it is about to begin
        self._start, self._kill = time.perf_counter(), kill

    def ended(self) -> Ended:
        """Wait for it.

        Raises:
            TimeoutError: it hangs; it is killed then.
        """
        if self._kill is not None and self._kill.after_s is not None:
            self._process.join(self._kill.after_s)
            self._process.kill()
        self._process.join(LIMIT_S)
        if self._process.exitcode is None:
            self._process.kill()
            raise TimeoutError(f"no end after {LIMIT_S:.0f} s")
        seconds = time.perf_counter() - self._start
        if self._process.exitcode == -signal.SIGKILL:
            return Ended(True, seconds)
        try:
            operations, error, is_typed = self._ours.recv()
        except EOFError:
            return Ended(False, seconds, 0, f"the process ended with {self._process.exitcode}", False)
        finally:
            self._ours.close()
        return Ended(False, seconds, operations, error, is_typed)


def run(action: Action, place: Path, kill: Kill | None = None) -> Ended:
    """Begin and wait."""
    return Running(action, place, kill).ended()


def _act(action: Action, place: str, kill_before: int | None, connection: Connection) -> None:
    connection.send(None)
    count = counted(place, kill_before)
    try:
        action()
    except Exception as error:  # what a job may raise is what is judged
        connection.send((count(), f"{type(error).__name__}: {error}", isinstance(error, ClaxonError)))
        return
    connection.send((count(), "", True))


def counted(place: str, kill_before: int | None = None) -> Callable[[], int]:
    """From now on count what this process does to files below ``place``; kill it before one of them.

    Returns:
        Tells how many there were.
    """
    number = 0

    def look(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal number
        if not _is_operation(event, arguments, place):
            return
        number += 1
        if number == kill_before:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(look)
    return lambda: number


def _is_operation(event: str, arguments: tuple[object, ...], place: str) -> bool:
    if event in CHANGES:  # paths may be relative to an open folder
        return True
    if event == "open":
        return place in str(arguments[0])
    return event == "ctypes.dlsym" and "renameat2" in arguments
