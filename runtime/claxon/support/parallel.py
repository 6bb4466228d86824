"""Work in threads: several items in parallel, and the next item prepared while the current one is used.

Where no thread can be started, because the interpreter is shutting down, the calling thread does the work.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def submitted(pool: ThreadPoolExecutor, work: Callable[..., Result], *arguments: Any) -> Future[Result]:
    """Submit ``work(*arguments)``; if no thread can be started, the calling thread runs it first.

    A thread that outlives the main one, and functions of ``atexit``, run while ``concurrent.futures`` takes no more.
    """
    try:
        return pool.submit(work, *arguments)
    except RuntimeError:
        done: Future[Result] = Future()
        try:
            done.set_result(work(*arguments))
        except BaseException as error:  # as a thread of the pool would: ``result`` raises it
            done.set_exception(error)
        return done


def parallel_map(work: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """Yield ``work(item)`` for every item, in order, with up to ``workers`` running in parallel.

    No more items are taken than are worked on, so memory does not grow with their number. One item needs no thread.
    What ``work`` raises is raised here, after the items under way have ended.
    """
    items = iter(items)
    first = list(islice(items, 2))
    if workers == 1 or len(first) < 2:
        yield from map(work, chain(first, items))
        return
    with ThreadPoolExecutor(workers, thread_name_prefix="claxon") as pool:
        under_way: deque[Future[Result]] = deque()
        try:
            for item in chain(first, items):
                under_way.append(submitted(pool, work, item))
                if len(under_way) > workers:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()


def prefetch(make: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Yield ``make(item)`` for every item, in order; a thread makes the next result while one is used."""
    with ThreadPoolExecutor(1, thread_name_prefix="claxon-prefetch") as pool:
        coming: Future[Result] | None = None
        for item in items:
            ready, coming = coming, submitted(pool, make, item)
            if ready is not None:
                yield ready.result()
        if coming is not None:
            yield coming.result()
