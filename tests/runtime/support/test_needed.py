"""A library that is missing is named."""

from __future__ import annotations

import pytest

from claxon.errors import MissingDependencyError
from claxon.support.needed import needed


def test_the_error_names_the_package() -> None:
    with (
        pytest.raises(MissingDependencyError, match=r"^claxon\.x needs no-such-thing \(No module"),
        needed("no-such-thing", "claxon.x"),
    ):
        import no_such_thing  # type: ignore[import-not-found]  # noqa: F401


def test_other_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), needed("a", "b"):
        _ = 1 / 0
