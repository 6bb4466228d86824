"""What the tests of the training have in common."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True)
def one_thread_of_blas() -> Iterator[None]:
    """As a fit has it: threads that wait for each other beside other work take many times as long."""
    with threadpool_limits(1, user_api="blas"):
        yield
