"""Arrow and Parquet, imported when they are first needed; the only import of pyarrow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from claxon.errors import ClaxonError, InputError, MissingDependencyError


@cache
def arrow() -> Any:
    """The module ``pyarrow``.

    Raises:
        MissingDependencyError: it is not installed; the message names the extra that brings it.
    """
    with _absence_told():
        return import_module("pyarrow")


@cache
def parquet() -> Any:
    """The module ``pyarrow.parquet``.

    Raises:
        MissingDependencyError: as ``arrow``.
    """
    with _absence_told():
        return import_module("pyarrow.parquet")


@cache
def feather() -> Any:
    """The module ``pyarrow.feather``.

    Raises:
        MissingDependencyError: as ``arrow``.
    """
    with _absence_told():
        return import_module("pyarrow.feather")


@contextmanager
def damage_told(path: Path, where: str, kind: type[ClaxonError] = InputError, *, is_what: str = "") -> Iterator[None]:
    """What Arrow says of a file, as an error that names it.

    Raises:
        InputError: or ``kind``, for any error of Arrow or the system in the block.
    """
    try:
        yield
    except (OSError, arrow().ArrowException) as error:
        raise kind(f"{path}{is_what} cannot be read at {where}: {' '.join(str(error).split()):.200}") from None


@contextmanager
def _absence_told() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise MissingDependencyError(f"pyarrow cannot be imported ({error}); pip install 'claxon[jobs]'") from error
