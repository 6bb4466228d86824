from __future__ import annotations

from pathlib import Path

from claxon.bundle.bundle import Bundle
from claxon_export.bundle.summaries import export_lines, head_lines


def test_an_export_is_told(tiny_bundle: Path) -> None:
    first, *rest = export_lines(Bundle.open(tiny_bundle), 1.25)
    assert first.startswith(f"{tiny_bundle}  ")
    assert first.endswith(", 1.2 s")
    assert "  heads     sentiment, topic" in rest
    assert any("max difference" in line for line in rest)


def test_a_head_is_told_with_what_comes_next(tiny_bundle: Path) -> None:
    lines = head_lines(Bundle.open(tiny_bundle), "topic")
    assert "  labels  book, phone, food" in lines
    assert "".join(lines).replace("\n", " ").endswith("--head topic")
