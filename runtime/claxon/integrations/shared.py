"""Encoders that several objects of one process use: loaded when first needed, once, whoever asks.

What other libraries copy, pickle and hash are paths and options; the sessions stay here.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from claxon.bundle.bundle import Bundle, by_absolute_path
from claxon.classifier import Classifier
from claxon.encoder.encoder import Encoder
from claxon.encoder.loading import LOAD_DEFAULTS, LoadOptions
from claxon.errors import IntegrityError, OptionError
from claxon.heads.heads import GraphHead
from claxon.storage.strict_json import encode

# Encoders that a process keeps, the one used longest ago goes: a grid of several bundles finds each of them here.
KEPT = 4
TOKENIZER_NAME = "tokenizer.json"

Path = str | os.PathLike[str]


@dataclass(slots=True)
class SharedEncoders:
    """The encoders of this process, by bundle and options."""

    _encoders: dict[tuple[Any, ...], Encoder] = field(default_factory=dict)
    _lock: Any = field(default_factory=Lock)

    def get(self, bundle: Bundle, options: LoadOptions) -> Encoder:
        """The encoder of a bundle with these options, loaded unless it is here."""
        found = by_absolute_path(bundle)
        key = (os.path.realpath(found.path), encoder_digest(found), *{**LOAD_DEFAULTS, **options}.values())
        with self._lock:
            encoder = self._encoders.pop(key, None) or Encoder.from_bundle(found, **options)
            self._encoders[key] = encoder
            while len(self._encoders) > KEPT:
                del self._encoders[next(iter(self._encoders))]
            return encoder

    def after_fork(self) -> None:
        """In a forked child: the lock may be held by a thread that is not there."""
        self._lock = Lock()

    def clear(self) -> None:
        """Keep none; those that somebody holds stay usable."""
        with self._lock:
            self._encoders.clear()


SHARED = SharedEncoders()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=SHARED.after_fork)


def shared_encoder(bundle: Path | Encoder, options: LoadOptions) -> Encoder:
    """An encoder that is given, or the shared one of a bundle's folder.

    Raises:
        OptionError: an encoder is given, with options of loading.
        BundleError, DeviceError, EngineError, MissingDependencyError: as ``Encoder.load``.
    """
    if not isinstance(bundle, Encoder):
        return SHARED.get(Bundle.open(bundle), options)
    given = [name for name, value in options.items() if value != LOAD_DEFAULTS.get(name)]
    if given:
        raise OptionError(f"{given[0]} is for a bundle's folder; this encoder is loaded already")
    return bundle


def shared_classifier(bundle: Bundle, head: str | None, options: LoadOptions) -> Classifier:
    """A head of a bundle on its shared encoder.

    Raises:
        OptionError: the bundle has no such head, none, or several and none is chosen.
    """
    spec = next(iter(chosen_heads(bundle, head)))
    return Classifier(SHARED.get(bundle, options), {spec.name: GraphHead(bundle, spec)}, spec.name)


def chosen_heads(bundle: Bundle, head: str | None) -> list[Any]:
    """The head of that name; ``None`` for the only one.

    Raises:
        OptionError: as ``shared_classifier``.
    """
    found = [spec for spec in bundle.manifest.heads if head in (None, spec.name)]
    if len(found) != 1:
        names = ", ".join(spec.name for spec in bundle.manifest.heads) or "none"
        raise OptionError(f"{bundle.path}: head is {head!r}, expected one of its heads: {names}")
    return found


def encoder_digest(bundle: Bundle, head: str | None = None) -> str:
    """What stands for the encoder, or for one head on it, and stays the same when other heads come and go.

    Returns:
        The SHA-256 of the hashes of tokenizer and graphs, and of what the manifest says of their use.
    """
    manifest, files = bundle.manifest, bundle.manifest.files
    names = [TOKENIZER_NAME]
    for variant in manifest.encoder.variants:
        names += [variant.graph] if variant.weights is None else [variant.graph, variant.weights]
    specs = [spec for spec in manifest.heads if spec.name == head]
    names += [spec.file for spec in specs]
    spec = manifest.encoder
    meaning = [spec.max_tokens, spec.prompt, spec.prompts, spec.features, [encode(head.labels) for head in specs]]
    identity = json.dumps([[files[name].sha256 for name in names], meaning], sort_keys=True)
    return hashlib.sha256(identity.encode()).hexdigest()


def check_digest(bundle: Bundle, expected: str, head: str | None = None) -> None:
    """Raise ``IntegrityError`` unless the bundle's encoder, and the head if one is named, are the ones expected."""
    if encoder_digest(bundle, head) != expected:
        raise IntegrityError(
            f"{bundle.path} holds another {'encoder' if head is None else 'head'} than the one that this was fitted "
            "with; put that bundle back, or fit again"
        )
