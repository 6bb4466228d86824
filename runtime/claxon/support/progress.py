"""Progress on standard error: a bar, plain lines, or nothing at all."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from claxon.support import reporting


class Bar(Protocol):
    """A progress bar."""

    def update(self, n: int) -> object:
        """Advance by ``n``."""

    def set_postfix_str(self, s: str, refresh: bool) -> object:
        """Set the text after the bar."""


class _NoBar:
    def update(self, n: int) -> object:
        return n

    def set_postfix_str(self, s: str, refresh: bool) -> object:
        return s, refresh


@contextmanager
def progress(total: int | None, *, unit: str, is_shown: bool | Bar, description: str = "") -> Iterator[Bar]:
    """Show progress on standard error: a bar on a terminal and in a notebook, plain lines elsewhere.

    Args:
        total: How many there are; ``None`` where nobody knows.
        unit: What is counted.
        is_shown: ``False`` shows nothing. A bar that is there already is told instead of a new one.
        description: What is done to them.
    """
    if not isinstance(is_shown, bool):
        yield is_shown
        return
    if not is_shown:
        yield _NoBar()
        return
    if not reporting.can_redraw():
        yield reporting.ProgressLines(total, unit, description)
        return
    from tqdm import tqdm  # imported here: most programs never draw a bar

    with tqdm(total=total, unit=unit, unit_scale=True, file=sys.stderr, desc=description or None) as bar:
        yield bar
