"""Packages that only some calls need."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from claxon.errors import MissingDependencyError


def required(module: str, *, extra: str = "export") -> Any:
    """The module, imported when first needed.

    Args:
        module: Its full name.
        extra: What brings it.

    Raises:
        MissingDependencyError: it is not installed; the message names the extra that brings it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependencyError(f"{module} cannot be imported ({error}); pip install 'claxon[{extra}]'") from error


@contextmanager
def quiet_transformers(transformers: Any) -> Iterator[None]:
    """Silence transformers' log, progress bars and warnings, and restore them afterwards."""
    log = transformers.utils.logging
    hub = importlib.import_module("huggingface_hub.utils")
    verbosity, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    hub_bars = not hub.are_progress_bars_disabled()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        log.set_verbosity_error()
        log.disable_progress_bar()
        try:
            yield
        finally:
            log.set_verbosity(verbosity)
            (log.enable_progress_bar if bars else log.disable_progress_bar)()
            (hub.enable_progress_bars if hub_bars else hub.disable_progress_bars)()
