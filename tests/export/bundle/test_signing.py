"""Signatures: made with a key, checked with its other half; whatever was changed is found."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import MANIFEST_NAME
from claxon.cli.main import main
from claxon.errors import IntegrityError, MissingDependencyError
from claxon_export.bundle.signing import sign_bundle, signature_path, verify_bundle
from claxon_export.errors import SigningError
from tests.bundles import reseal


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """``own.pem``, ``own.pub`` and another's ``other.pub``; ``locked.pem`` has a password."""
    pytest.importorskip("model_signing", reason="model-signing is not installed (claxon[sign])")
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    elliptic = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ec")
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    for name in ("own", "other"):
        key = elliptic.generate_private_key(elliptic.SECP256R1())
        public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
        (tmp_path / f"{name}.pub").write_bytes(public)
        (tmp_path / f"{name}.pem").write_bytes(key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
        locked = key.private_bytes(pem, pkcs8, serialization.BestAvailableEncryption(b"password"))
        (tmp_path / "locked.pem").write_bytes(locked)
    return tmp_path


def test_a_signed_bundle_is_verified(copied_bundle: Path, keys: Path) -> None:
    digest = Bundle.open(copied_bundle).digest
    assert sign_bundle(copied_bundle, keys / "own.pem").digest == digest
    assert verify_bundle(copied_bundle, keys / "own.pub").digest == digest
    assert signature_path(copied_bundle) == copied_bundle.with_name("bundle.sig")
    names = {path.name for path in copied_bundle.parent.iterdir()}
    assert not {name for name in names if "unfinished" in name}


def test_the_libraries_own_command_reads_the_signature(copied_bundle: Path, keys: Path) -> None:
    verifying = pytest.importorskip("model_signing.verifying")
    sign_bundle(copied_bundle, keys / "own.pem")
    config = verifying.Config().use_elliptic_key_verifier(public_key=keys / "own.pub")
    config.set_ignore_unsigned_files(True).verify(copied_bundle, signature_path(copied_bundle))


def test_a_changed_manifest_fails_verification(copied_bundle: Path, keys: Path) -> None:
    sign_bundle(copied_bundle, keys / "own.pem")
    (copied_bundle / "heads" / "extra.onnx").write_bytes(b"")
    reseal(copied_bundle)
    with pytest.raises(IntegrityError, match=r"is not a signature of this bundle by .*own\.pub"):
        verify_bundle(copied_bundle, keys / "own.pub")
    verify_bundle(copied_bundle)


def test_a_changed_file_fails_verification(copied_bundle: Path, keys: Path) -> None:
    sign_bundle(copied_bundle, keys / "own.pem")
    path = copied_bundle / "tokenizer.json"
    path.write_bytes(path.read_bytes()[:-1] + b" ")
    for key in (keys / "own.pub", None):
        with pytest.raises(IntegrityError, match=r"tokenizer\.json is not the file"):
            verify_bundle(copied_bundle, key)
    with pytest.raises(IntegrityError, match=r"tokenizer\.json is not the file"):
        sign_bundle(copied_bundle, keys / "own.pem")


def test_another_key_fails_verification(copied_bundle: Path, keys: Path) -> None:
    sign_bundle(copied_bundle, keys / "own.pem")
    with pytest.raises(IntegrityError, match=r"is not a signature of this bundle by .*other\.pub"):
        verify_bundle(copied_bundle, keys / "other.pub")


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_a_changed_signature_is_none(place: float, copied_bundle: Path, keys: Path) -> None:
    sign_bundle(copied_bundle, keys / "own.pem")
    path = signature_path(copied_bundle)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 1
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match="is not a signature of this bundle"):
        verify_bundle(copied_bundle, keys / "own.pub")


def test_a_manifest_swapped_while_it_is_signed_is_found(
    copied_bundle: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Bundle.verify

    def swap(bundle: Bundle) -> None:
        real(bundle)
        path = copied_bundle / MANIFEST_NAME
        path.write_bytes(path.read_bytes() + b"\n")

    monkeypatch.setattr(Bundle, "verify", swap)
    with pytest.raises(IntegrityError, match="was replaced while it was being read"):
        sign_bundle(copied_bundle, keys / "own.pem")


def test_keys_that_cannot_be_used_are_told(copied_bundle: Path, keys: Path) -> None:
    for name in ("absent.pem", "own.pub", "locked.pem", "bundle/tokenizer.json"):
        with pytest.raises(SigningError, match=r"cannot sign .*expected an elliptic-curve key in PEM"):
            sign_bundle(copied_bundle, keys / name)
    assert not signature_path(copied_bundle).exists()
    sign_bundle(copied_bundle, keys / "own.pem")
    with pytest.raises(SigningError, match="cannot be used to check"):
        verify_bundle(copied_bundle, keys / "absent.pub")
    signature_path(copied_bundle).unlink()
    with pytest.raises(SigningError, match=r"the signature cannot be read: .*bundle\.sig: No such file"):
        verify_bundle(copied_bundle, keys / "own.pub")


def test_without_the_library_the_extra_is_named(copied_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "model_signing", None)
    monkeypatch.delitem(sys.modules, "model_signing.signing", raising=False)
    monkeypatch.delitem(sys.modules, "model_signing.verifying", raising=False)
    with pytest.raises(MissingDependencyError, match=r"pip install 'claxon\[sign\]'"):
        sign_bundle(copied_bundle, Path("own.pem"))
    verify_bundle(copied_bundle)


def test_nothing_is_written_where_the_folder_is_closed(copied_bundle: Path, keys: Path) -> None:
    for target in (keys / "absent" / "x.sig", keys):
        with pytest.raises(SigningError, match="the signature cannot be written: ") as caught:
            sign_bundle(copied_bundle, keys / "own.pem", target)
        assert str(target) in str(caught.value)
        assert "key" not in str(caught.value).replace(str(keys), "")


def test_an_older_signature_stays_when_the_key_cannot_sign(copied_bundle: Path, keys: Path) -> None:
    signature_path(copied_bundle).write_text("older")
    with pytest.raises(SigningError, match="cannot sign"):
        sign_bundle(copied_bundle, keys / "absent.pem")
    assert signature_path(copied_bundle).read_text() == "older"


def test_the_commands_are_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert {"sign", "verify"} <= {line.split()[0] for line in capsys.readouterr().err.splitlines() if line.strip()}
