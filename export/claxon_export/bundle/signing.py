"""Signs bundles with a private key, and verifies signatures with the public key.

What is signed is ``manifest.json``, which lists the hash of every other file. Its bytes are read once: those whose
SHA-256 is the digest are those that are signed, or compared with a signature. The format is that of model-signing
(https://github.com/sigstore/model-transparency), which reads it as well, with ``--ignore-unsigned-files``.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import MANIFEST_NAME
from claxon.errors import IntegrityError, MissingDependencyError
from claxon.formats.writers import open_output
from claxon_export.errors import SigningError
from claxon_export.requirements import required

SUFFIX = ".sig"


def signature_path(bundle: Path) -> Path:
    """Return the default path of a bundle's signature: next to its folder, which may only contain listed files."""
    whole = bundle.absolute()
    return whole.with_name(whole.name + SUFFIX)


def sign_bundle(bundle: Path, key: Path, signature: Path | None = None) -> Bundle:
    """Check every file of a bundle and sign it.

    Args:
        bundle: Its folder.
        key: An elliptic-curve private key in PEM, without a password.
        signature: Where to write; ``None`` is ``signature_path``. Written whole or not at all.

    Raises:
        BundleError: it is incomplete or damaged.
        SigningError: the key cannot be used, or the signature cannot be written.
        MissingDependencyError: model-signing is not installed.
    """
    library = _library("signing")
    opened = Bundle.open(bundle)
    opened.verify()
    target = signature_path(bundle) if signature is None else signature
    with _signed_part(opened) as part:
        signed = part.parent / "signature"
        with _told(f"{key} cannot sign {bundle}"):
            library.Config().use_elliptic_key_signer(private_key=key).sign(part, signed)
        _write(target, signed.read_bytes())
    return opened


def _write(target: Path, content: bytes) -> None:
    try:
        with open_output(str(target.absolute())) as stream:
            stream.write(content)
    except OSError as error:
        raise SigningError(f"the signature cannot be written: {_line(error)}") from error


def verify_bundle(bundle: Path, key: Path | None = None, signature: Path | None = None) -> Bundle:
    """Check every file of a bundle against its manifest, and with a key its manifest against the signature.

    Args:
        bundle: Its folder.
        key: The signer's public key in PEM; ``None`` looks at no signature.
        signature: Where it is; ``None`` is ``signature_path``.

    Returns:
        The bundle; load it with ``expected_digest=bundle.digest``, and no other can take its place.

    Raises:
        BundleError: it is incomplete or damaged.
        IntegrityError: the signature is not that of this key, or of another bundle.
        SigningError: key or signature cannot be read.
        MissingDependencyError: a key was given, and model-signing is not installed.
    """
    opened = Bundle.open(bundle)
    if key is not None:
        _check_signature(opened, key, signature_path(bundle) if signature is None else signature)
    opened.verify()
    return opened


def _check_signature(bundle: Bundle, key: Path, signature: Path) -> None:
    library = _library("verifying")
    with _told(f"{key} cannot be used to check {signature}"):
        config = library.Config().use_elliptic_key_verifier(public_key=key)
    try:
        signature.read_bytes()
    except OSError as error:
        raise SigningError(f"the signature cannot be read: {_line(error)}") from error
    with _signed_part(bundle) as part:
        try:
            config.verify(part, signature)
        except Exception as error:  # ValueError, and those of cryptography and of protobuf's JSON: no common base
            raise IntegrityError(
                f"{bundle.path}: {signature} is not a signature of this bundle by {key}: {_line(error)}"
            ) from error


@contextmanager
def _signed_part(bundle: Bundle) -> Iterator[Path]:
    """Yield a folder with only the manifest that was read."""
    content = (bundle.path / MANIFEST_NAME).read_bytes()
    if hashlib.sha256(content).hexdigest() != bundle.digest:
        raise IntegrityError(f"{bundle.path} was replaced while it was being read; try again")
    with tempfile.TemporaryDirectory(prefix="claxon-signing-") as folder:
        part = Path(folder) / "bundle"
        part.mkdir()
        (part / MANIFEST_NAME).write_bytes(content)
        yield part


@contextmanager
def _told(deed: str) -> Iterator[None]:
    """Turn errors about keys into ``SigningError``."""
    try:
        yield
    except (OSError, ValueError, TypeError) as error:  # TypeError: a key with a password, of which none was given
        raise SigningError(
            f"{deed}: {_line(error)}; expected an elliptic-curve key in PEM, without a password"
        ) from error


def _line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__


def _library(part: str) -> Any:
    try:
        return required(f"model_signing.{part}")
    except MissingDependencyError as error:
        raise MissingDependencyError(
            f"signatures need model-signing ({error.__cause__}); pip install 'claxon[sign]'"
        ) from error
