"""What the tests of the export have in common."""

from __future__ import annotations

import functools

import pytest

from claxon_export import parity
from claxon_export.source import SourceKind, open_source


@pytest.fixture
def numpy_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parity gate compares with the numpy reference, which needs no torch and no time to load it."""
    monkeypatch.setattr(parity, "open_source", functools.partial(open_source, prefer=SourceKind.NUMPY))
