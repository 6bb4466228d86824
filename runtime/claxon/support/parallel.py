"""Work in threads: several batches at once, and the next piece made while this one is used.

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
    """The future of ``work(*arguments)``; done already, by the calling thread, where no thread can be started.

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
    """``work`` of every item, in order, as many at once as there are workers.

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
    """``make`` of every item, in order; while one result is used, the next is made in a thread."""
    with ThreadPoolExecutor(1, thread_name_prefix="claxon-prefetch") as pool:
        coming: Future[Result] | None = None
        for item in items:
            ready, coming = coming, submitted(pool, make, item)
            if ready is not None:
                yield ready.result()
        if coming is not None:
            yield coming.result()
