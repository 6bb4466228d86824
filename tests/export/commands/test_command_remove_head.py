from __future__ import annotations

from pathlib import Path

import pytest

import claxon
from claxon.cli.main import main


def test_heads_are_removed_one_by_one(copied_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["remove-head", str(copied_bundle), "topic"]) == 0
    assert "removed the head topic; heads left: sentiment" in capsys.readouterr().out
    assert claxon.load(copied_bundle).predict(["great book"]).shape == (1,)
    assert main(["remove-head", str(copied_bundle), "sentiment"]) == 0
    assert "heads left: none" in capsys.readouterr().out


def test_an_unknown_head_is_refused_with_the_list(tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["remove-head", str(tiny_bundle), "stars"]) == 2
    assert "has no head 'stars'; its heads are: sentiment, topic" in capsys.readouterr().err
