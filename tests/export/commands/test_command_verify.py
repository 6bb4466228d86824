from __future__ import annotations

from pathlib import Path

import pytest

from claxon.bundle.bundle import Bundle
from claxon.cli.command import run_command
from claxon.errors import IntegrityError, OptionError
from claxon_export.bundle import signing
from claxon_export.commands.verify import VERIFY


def test_a_whole_bundle_without_a_key(tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(VERIFY, [str(tiny_bundle)]) == 0
    bundle = Bundle.open(tiny_bundle)
    expected = f"{bundle.digest}: {len(bundle.manifest.files)} files verified, signature not checked (no --key)"
    assert capsys.readouterr().out.strip() == expected


def test_a_key_is_handed_on(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(signing, "verify_bundle", lambda bundle, key, signature: Bundle.open(bundle))
    assert run_command(VERIFY, [str(tiny_bundle), "--key", "k.pub", "--signature", "x.sig"]) == 0
    assert capsys.readouterr().out.strip().endswith("files verified, signed by k.pub")


def test_a_changed_file_is_found(copied_bundle: Path) -> None:
    (copied_bundle / "tokenizer.json").write_bytes(b"{}")
    with pytest.raises(IntegrityError):
        run_command(VERIFY, [str(copied_bundle)])


def test_a_signature_without_a_key_is_told(tiny_bundle: Path) -> None:
    with pytest.raises(OptionError, match="--signature needs --key"):
        run_command(VERIFY, [str(tiny_bundle), "--signature", "x.sig"])
