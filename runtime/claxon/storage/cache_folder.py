"""The cache folder, for tunings and graphs compiled by OpenVINO. Losing it only costs time."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from claxon.storage.atomic import PRIVATE, remove_abandoned, whole_file

VARIABLE = "CLAXON_CACHE"


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return ``CLAXON_CACHE``, else ``claxon`` in the user's cache folder (``XDG_CACHE_HOME``, ``LOCALAPPDATA``)."""
    own = environment.get(VARIABLE)
    if own:
        return Path(own)
    users = environment.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME")
    is_usable = users is not None and Path(users).is_absolute()  # the rule of XDG: a relative path is to be ignored
    return (Path(users) if users is not None and is_usable else _home() / ".cache") / "claxon"


def _home() -> Path:
    """Return the home folder; without one, as for an arbitrary user in a container, a path that cannot exist."""
    try:
        return Path.home()
    except RuntimeError:
        return Path(os.devnull)


def write_whole(path: Path, content: bytes) -> bool:
    """Write a file atomically and create its parent folders; return ``False`` if that fails.

    Nobody waits for the disk: whoever reads such a file looks whether it is whole.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(path.parent)
        with whole_file(path, mode=PRIVATE, is_flushed=False) as stream:
            stream.write(content)
    except OSError:  # OutputError is one
        return False
    return True
