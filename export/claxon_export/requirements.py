"""Packages that only some calls need."""

from __future__ import annotations

import importlib
from typing import Any

from claxon.errors import MissingDependencyError


def required(module: str) -> Any:
    """The module, imported when first needed.

    Raises:
        MissingDependencyError: it is not installed; the message names the extra that brings it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependencyError(f"{module} cannot be imported ({error}); pip install 'claxon[export]'") from error
