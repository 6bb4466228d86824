"""Texts on which a wrong setting shows."""

from __future__ import annotations

from pathlib import Path

from claxon_export.checkpoint.checkpoint import open_checkpoint
from claxon_export.parity.hard_texts import hard_texts
from tests.checkpoints import write_checkpoint


def test_they_are_longer_than_the_limit_spell_special_tokens_repeat_and_are_empty(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(write_checkpoint(tmp_path / "c", "mpnet"))
    texts = hard_texts(checkpoint)
    longest = sorted(texts, key=lambda text: len(text.split()))[-3:]
    assert all(len(text.split()) > checkpoint.max_tokens for text in longest)
    assert len({text.split()[0] for text in longest} | {text.split()[-1] for text in longest}) > 2
    assert {"", " "} <= set(texts)
    assert "<pad>" in texts
    assert "the <pad> token in a text" in texts
    assert any(len(text.split()) > 20 and len(set(text.split())) == 1 for text in texts)
