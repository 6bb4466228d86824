"""Tokens of texts, and which are cut."""

from __future__ import annotations

from pathlib import Path

import pytest

import claxon
from claxon_export.evaluation import token_counts
from claxon_export.evaluation.token_counts import count_tokens


@pytest.mark.parametrize("window", [1, 2, 4096])
def test_counts_do_not_depend_on_the_window(tiny_bundle: Path, window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_counts, "WINDOW", window)
    with claxon.Encoder.load(tiny_bundle) as encoder:
        result = count_tokens(encoder, ["good", "good " * 60, "a good book"])
    assert result.n_tokens.tolist() == [3, 62, 5]
    assert result.truncated.tolist() == [False, True, False]
