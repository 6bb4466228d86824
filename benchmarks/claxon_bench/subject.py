"""The bundle that is measured, and the checkpoint that its peers run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from claxon import Bundle
from claxon.bundle.manifest import EncoderSpec, Feature, HeadKind
from claxon.errors import OptionError
from claxon_bench.results import Kind, Subject

HASH_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Measured:
    """An opened bundle, what it is measured as, and its checkpoint, without which no peer runs."""

    bundle: Bundle
    checkpoint: Path | None
    facts: Subject

    @property
    def encoder(self) -> EncoderSpec:
        """What the manifest says of the encoder."""
        return self.bundle.manifest.encoder

    @property
    def normalizes(self) -> bool:
        """Whether the source's own embedding has norm 1."""
        return self.encoder.default_feature is Feature.EMBEDDING

    @property
    def pooling(self) -> str:
        """``mean`` or ``cls``."""
        return str(self.encoder.pooling or self.encoder.default_feature or Feature.MEAN)


def open_subject(path: Path, checkpoint: Path | None) -> Measured:
    """Open a bundle; it is measured as a classifier where it has a pretrained head, else as an encoder.

    Raises:
        BundleError: it is no bundle.
        OptionError: it has nothing to measure, or the checkpoint is not a folder with weights.
    """
    bundle = Bundle.open(path)
    manifest = bundle.manifest
    head = next((spec.name for spec in manifest.heads if spec.kind is HeadKind.PRETRAINED), None)
    if head is None and manifest.encoder.default_feature is None:
        raise OptionError(
            f"{path} has neither a pretrained head nor a sentence embedding, so no peer could be compared"
        )
    facts = Subject(
        name=path.resolve().name,
        digest=bundle.digest,
        kind=Kind.ENCODER if head is None else Kind.CLASSIFIER,
        head=head,
        architecture=manifest.encoder.architecture,
        parameters=manifest.encoder.parameters,
        max_tokens=manifest.encoder.max_tokens,
        checkpoint=None if checkpoint is None else checkpoint_digest(checkpoint),
    )
    return Measured(bundle, checkpoint, facts)


def checkpoint_digest(folder: Path) -> str:
    """The first digits of the SHA-256 of the weights and the configuration.

    Raises:
        OptionError: the folder has none.
    """
    files = [folder / "config.json", *sorted(folder.glob("*.safetensors"))]
    if len(files) < 2 or not files[0].is_file():
        raise OptionError(f"{folder} is no checkpoint: expected a folder with config.json and *.safetensors")
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:HASH_DIGITS]
