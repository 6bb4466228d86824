"""Pictures are drawn in the reports' style, and small."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from claxon_export.evaluation.plots import style
from claxon_export.evaluation.plots.names import FALLBACK
from claxon_export.evaluation.plots.style import drawing


@pytest.fixture(autouse=True)
def drawn_small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    pytest.importorskip("matplotlib")
    monkeypatch.setitem(style.STYLE, "savefig.dpi", 40)
    with drawing([FALLBACK]):
        yield
