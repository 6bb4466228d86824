"""Other people's libraries, imported by the one module that fits Claxon to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from claxon.errors import MissingDependencyError


@contextmanager
def needed(package: str, user: str) -> Iterator[None]:
    """Around the imports of a library.

    Args:
        package: What installs it.
        user: The module of Claxon that needs it.

    Raises:
        MissingDependencyError: an import fails; the message names the package.
    """
    try:
        yield
    except ImportError as error:
        raise MissingDependencyError(f"{user} needs {package} ({error}); pip install {package}") from error
