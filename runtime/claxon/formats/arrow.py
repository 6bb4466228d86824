"""Arrow and Parquet, imported when they are first needed; the only import of pyarrow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any

from claxon.errors import MissingDependencyError


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


@contextmanager
def _absence_told() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise MissingDependencyError(f"pyarrow cannot be imported ({error}); pip install 'claxon[jobs]'") from error
