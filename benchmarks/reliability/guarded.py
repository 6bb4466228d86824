"""Cases judged in processes of their own: a crash or a hang of native code is an answer too, and the next case goes on.

judge(case) -> str      runs in the process; picklable, as the cases are
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing.connection import Connection
from threading import Event
from types import TracebackType
from typing import Generic, Self, TypeVar

from reliability.part import Outcome, Settings

Case = TypeVar("Case")
Answer = TypeVar("Answer")
Judge = Callable[[Case], Answer]

START_LIMIT_S = 120.0  # to import everything, on a busy machine
SPAWN = multiprocessing.get_context("spawn")  # a fork would inherit the locks of ONNX Runtime's threads
READY = "ready"


class Ending(StrEnum):
    """How a case ended that gave no answer."""

    CRASHED = "crashed"
    HUNG = "hung"


@dataclass(frozen=True, slots=True)
class Judged(Generic[Case, Answer]):
    """A case and the judge's answer; or no answer, how the process ended, and that in words."""

    case: Case
    answer: Answer | None
    ending: Ending | None = None
    words: str = ""


def judged(judges: Sequence[Judge[Case, Answer]], cases: Sequence[Case], limit_s: float) -> list[Judged[Case, Answer]]:
    """Every case with its answer; the judges take turns, each in its own process.

    Args:
        judges: Each gets a process; one that crashes or hangs is replaced.
        cases: In the order in which they are begun.
        limit_s: Seconds that a case may take.
    """
    shares = [cases[start :: len(judges)] for start in range(len(judges))]
    stop = Event()
    with ThreadPoolExecutor(len(judges)) as pool:
        try:
            found = pool.map(lambda judge, share: list(_judged(judge, share, limit_s, stop)), judges, shares)
            return [answer for answers in found for answer in answers]
        finally:
            stop.set()  # an interruption is heard here, and not by the threads


def alone(part: Callable[[Settings], Outcome], settings: Settings, limit_s: float) -> Outcome:
    """What a part finds in a fresh process; that it crashes or takes longer than ``limit_s`` is a failure."""
    start = time.perf_counter()
    (found,) = judged([part], [settings], limit_s)
    if found.answer is not None:
        return found.answer
    return Outcome(settings.folder.name, time.perf_counter() - start, failures=[f"{found.ending}: {found.words}"])


def _judged(
    judge: Judge[Case, Answer], cases: Sequence[Case], limit_s: float, stop: Event
) -> Iterator[Judged[Case, Answer]]:
    left = list(reversed(cases))
    while left and not stop.is_set():
        with _Process(judge, stop) as process:
            while left and not stop.is_set():
                answer = process.ask(left.pop(), limit_s)
                yield answer
                if answer.ending is not None:
                    break


class _Process(Generic[Case, Answer]):
    """A process that a judge sits in."""

    def __init__(self, judge: Judge[Case, Answer], stop: Event) -> None:
        self._stop = stop
        self._ours, theirs = SPAWN.Pipe()
        self._process = SPAWN.Process(target=_serve, args=(judge, theirs), daemon=True)
        self._process.start()
        theirs.close()
        if not self._ours.poll(START_LIMIT_S) or self._ours.recv() != READY:
            raise TimeoutError(f"the judges' process was not ready after {START_LIMIT_S:.0f} s")

    def ask(self, case: Case, limit_s: float) -> Judged[Case, Answer]:
        """The answer to one case; after an ending the process is of no use."""
        try:
            self._ours.send(case)
            if not self._is_answered(limit_s):
                return Judged(case, None, Ending.HUNG, f"no answer after {limit_s:.0f} s")
            return Judged(case, self._ours.recv())
        except (EOFError, OSError):  # there is nobody at the other end
            self._process.join(START_LIMIT_S)
            return Judged(case, None, Ending.CRASHED, f"the process ended with {self._process.exitcode}")

    def _is_answered(self, limit_s: float) -> bool:
        end = time.monotonic() + limit_s
        while time.monotonic() < end and not self._stop.is_set():
            if self._ours.poll(min(1.0, limit_s)):
                return True
        return False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.join()
        self._ours.close()


def _serve(judge: Judge[Case, Answer], connection: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the campaign's own process hears it, and ends this one
    connection.send(READY)
    while True:
        connection.send(judge(connection.recv()))
