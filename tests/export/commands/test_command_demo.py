from __future__ import annotations

import pytest

from claxon.cli.main import main


def test_the_demo_is_run_where_it_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, bool]] = []
    demo = pytest.importorskip("claxon_export.demo.demo")
    monkeypatch.setattr(demo, "run", lambda folder, *, offline: calls.append((str(folder), offline)))
    assert main(["demo"]) == 0
    assert main(["demo", "here", "--offline"]) == 0
    assert calls == [("demo", False), ("here", True)]
