from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import claxon
import claxon_export
from claxon.cli.main import main
from claxon_export.errors import ParityError


def test_export_writes_a_bundle_and_says_how_far_it_is(
    tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("a good book\nthe phone broke\n")
    out = tmp_path / "bundle"
    assert main(["export", str(tiny_checkpoint), str(out), "--max-tokens", "32", "--texts", str(texts)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"{out}  ")
    assert "on 66 texts" in shown
    assert "max difference" in shown
    assert claxon.Bundle.open(out).manifest.encoder.max_tokens == 32
    assert main(["export", str(tiny_checkpoint), str(out)]) == 1
    assert main(["export", str(tiny_checkpoint), str(out), "--force", "--no-verify"]) == 0
    assert "not verified" in capsys.readouterr().out


def test_a_bundle_that_differs_is_shown_and_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def export(*_: object, **__: object) -> None:
        report: Any = "64 texts against torch\n  row 3 differs"
        raise ParityError("differs", report)

    # Not setattr: undone, it would leave the function where the package looks it up anew each time.
    monkeypatch.setitem(vars(claxon_export), "export", export)
    assert main(["export", "a/b", str(tmp_path / "out")]) == 1
    err = capsys.readouterr().err
    assert "  row 3 differs\n" in err
    assert err.endswith("nothing was written\n")
