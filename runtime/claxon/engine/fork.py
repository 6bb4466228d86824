"""What belongs to one process: an engine's threads do not live on in a child that was forked.

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
    """A value that belongs to the process it was made in; a forked child makes its own when it is first asked for."""

    def __init__(self, value: Value, make_again: Callable[[Value], Value]) -> None:
        """Own a value; ``make_again`` makes another of it, which it is given to be asked, not to be run."""
        self._value = value
        self._make_again = make_again
        self._pid = os.getpid()

    def get(self) -> Value:
        """This process's value.

        Raises:
            Whatever ``make_again`` does, in a forked child.
        """
        if self._pid != os.getpid():
            # No lock: one that another thread held at the fork would never be released. Two threads at once make two.
            self._value = self._make_again(self._value)
            self._pid = os.getpid()
        return self._value

    def known(self) -> Value:
        """The value to be asked, not to be run: in a forked child perhaps the one that it inherited."""
        return self._value


def leak_in_forked_child(engine: object) -> None:
    """Keep an engine that a forked child inherits from being taken down there, which would wait without end."""
    _engines.add(engine)


def _keep_all() -> None:
    """One reference too many to each: no list that holds them would outlive the interpreter's own end."""
    import ctypes

    for engine in list(_engines):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(engine))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_keep_all)
