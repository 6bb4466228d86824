from __future__ import annotations

from pathlib import Path

import pytest

from claxon.bundle.bundle import Bundle
from claxon.cli.command import run_command
from claxon_export.bundle import signing
from claxon_export.commands.sign import SIGN


def test_what_is_signed_is_printed(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    requested: list[tuple[Path, Path, Path | None]] = []

    def sign(bundle: Path, key: Path, signature: Path | None) -> Bundle:
        requested.append((bundle, key, signature))
        return Bundle.open(bundle)

    monkeypatch.setattr(signing, "sign_bundle", sign)
    assert run_command(SIGN, [str(tiny_bundle), "--key", "k.pem"]) == 0
    assert run_command(SIGN, [str(tiny_bundle), "--key", "k.pem", "-o", "x.sig"]) == 0
    assert requested == [(tiny_bundle, Path("k.pem"), None), (tiny_bundle, Path("k.pem"), Path("x.sig"))]
    digest = Bundle.open(tiny_bundle).digest
    assert capsys.readouterr().out.splitlines() == [f"{tiny_bundle}.sig: signed {digest}", f"x.sig: signed {digest}"]


def test_a_key_is_needed(tiny_bundle: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        run_command(SIGN, [str(tiny_bundle)])
