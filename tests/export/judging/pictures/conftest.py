"""Pictures are drawn in the reports' style, and small."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from claxon_export.judging.pictures import style
from claxon_export.judging.pictures.names import FALLBACK
from claxon_export.judging.pictures.style import drawing


@pytest.fixture(autouse=True)
def drawn_small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    pytest.importorskip("matplotlib")
    monkeypatch.setitem(style.STYLE, "savefig.dpi", 40)
    with drawing([FALLBACK]):
        yield
