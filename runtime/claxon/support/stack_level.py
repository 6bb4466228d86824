"""The location of a warning: the first line outside this package."""

from __future__ import annotations

import inspect


def caller_level() -> int:
    """Return the ``stacklevel`` of the first line outside this package, for ``warnings.warn`` in the caller.

    Written out because ``skip_file_prefixes`` came with Python 3.12.
    """
    package = __name__.partition(".")[0]
    level = 0  # of this function; its caller is 1, as ``warnings.warn`` counts there
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        frame = frame.f_back
        level += 1
    return level
