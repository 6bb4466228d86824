"""Threads: order, bounds, errors."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from claxon.support.parallel import parallel_map, prefetch

PATIENCE_S = 30


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 2, 9])
def test_results_come_in_the_order_of_the_items(workers: int, count: int) -> None:
    assert list(parallel_map(lambda item: item * item, range(count), workers)) == [item**2 for item in range(count)]
    assert list(prefetch(lambda item: item * item, range(count))) == [item**2 for item in range(count)]


def test_so_many_run_at_once() -> None:
    together = threading.Barrier(3)

    def work(item: int) -> int:
        together.wait(PATIENCE_S)  # breaks unless three are here
        return item

    assert list(parallel_map(work, range(6), 3)) == list(range(6))


def test_one_item_or_one_worker_needs_no_thread() -> None:
    here = threading.get_ident()
    assert list(parallel_map(lambda _: threading.get_ident(), [0], 4)) == [here]
    assert list(parallel_map(lambda _: threading.get_ident(), [0, 1], 1)) == [here, here]


def test_items_are_taken_no_faster_than_results_are_used() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            yield item

    results = parallel_map(lambda item: item, items(), 2)
    next(results)
    assert len(taken) == 3
    results.close()  # type: ignore[attr-defined]
    assert len(taken) == 3


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_is_raised_where_the_results_are_used(workers: int) -> None:
    def work(item: int) -> int:
        if item == 2:
            raise ValueError("two")
        return item

    results = parallel_map(work, range(9), workers)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(results)
    with pytest.raises(ValueError, match="two"):
        list(prefetch(work, range(9)))


def test_the_next_is_made_while_one_is_used() -> None:
    made = [threading.Event() for _ in range(3)]

    def make(item: int) -> int:
        made[item].set()
        return item

    for item in prefetch(make, range(3)):
        assert made[min(item + 1, 2)].wait(PATIENCE_S)
