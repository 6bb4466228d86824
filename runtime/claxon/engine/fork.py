"""Values that belong to one process: an engine's threads do not survive a fork.

What a child inherits of an engine can neither be run nor taken down there: both wait for threads that are not there.
So it is loaded again in the child, and what was inherited is left alone until the child ends.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakSet

Value = TypeVar("Value")

_engines: WeakSet[object] = WeakSet()


class PerProcess(Generic[Value]):
    """A value that belongs to the process that created it; a forked child creates its own on first use."""

    def __init__(self, value: Value, make_again: Callable[[Value], Value]) -> None:
        """Own a value. ``make_again`` creates another from it; it may read the old one, but not run it."""
        self._value = value
        self._make_again = make_again
        self._pid = os.getpid()

    def get(self) -> Value:
        """Return this process's value.

        Raises:
            Whatever ``make_again`` does, in a forked child.
        """
        if self._pid != os.getpid():
            # No lock: one that another thread held at the fork would never be released. Two threads at once make two.
            self._value = self._make_again(self._value)
            self._pid = os.getpid()
        return self._value

    def known(self) -> Value:
        """Return the value, only to read its attributes; in a forked child, perhaps the inherited one."""
        return self._value


def leak_in_forked_child(engine: object) -> None:
    """Leak an engine in forked children: destroying it there would wait forever."""
    _engines.add(engine)


def _keep_all() -> None:
    """Add one reference to each engine, because a list of them would not outlive the interpreter."""
    import ctypes

    for engine in list(_engines):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(engine))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_keep_all)
