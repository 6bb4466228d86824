"""Packages that only some calls need."""

from __future__ import annotations

import importlib
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
