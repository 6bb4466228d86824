"""A progress bar on standard error, or nothing at all."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Bar(Protocol):
    """Something that is told of progress."""

    def update(self, n: int) -> object:
        """``n`` more are done."""

    def set_postfix_str(self, s: str, refresh: bool) -> object:
        """What to say behind the bar."""


class _NoBar:
    def update(self, n: int) -> object:
        return n

    def set_postfix_str(self, s: str, refresh: bool) -> object:
        return s, refresh


@contextmanager
def progress(total: int | None, *, unit: str, is_shown: bool) -> Iterator[Bar]:
    """A bar to call ``update(n)`` on; draws only if ``is_shown``."""
    if not is_shown:
        yield _NoBar()
        return
    from tqdm import tqdm  # imported here: most programs never draw a bar

    with tqdm(total=total, unit=unit, unit_scale=True, file=sys.stderr) as bar:
        yield bar
