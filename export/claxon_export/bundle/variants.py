"""Edits the encoder graphs of a bundle that is being written."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from claxon.bundle.manifest import GraphVariant, Manifest, Parity, Precision
from claxon_export.bundle.seal import seal
from claxon_export.parity.parity import texts_digest


def with_variant(folder: Path, manifest: Manifest, variant: GraphVariant) -> Manifest:
    """Add a graph whose files are in the folder to the manifest."""
    return _sealed(folder, manifest, (*manifest.encoder.variants, variant))


def with_calibration(folder: Path, manifest: Manifest, texts: Sequence[str]) -> Manifest:
    """Record the hash of the texts that calibrated int8, next to those of the checkpoint's files."""
    files = {**manifest.provenance.files, f"calibration ({len(texts)} texts)": texts_digest(texts)}
    provenance = replace(manifest.provenance, files=files)
    return seal(folder, manifest.encoder, manifest.heads, provenance)


def with_parity(folder: Path, manifest: Manifest, precision: Precision, parity: Parity) -> Manifest:
    """Record the parity figures of one graph."""
    variants = manifest.encoder.variants
    return _sealed(
        folder, manifest, tuple(replace(v, parity=parity) if v.precision == precision else v for v in variants)
    )


def only_variants(folder: Path, manifest: Manifest, precisions: Collection[Precision]) -> Manifest:
    """Remove the graphs of other precisions, and their files."""
    kept = tuple(variant for variant in manifest.encoder.variants if variant.precision in precisions)
    for variant in set(manifest.encoder.variants) - set(kept):
        for name in (variant.graph, variant.weights):
            if name is not None:
                (folder / name).unlink()
    return manifest if kept == manifest.encoder.variants else _sealed(folder, manifest, kept)


def _sealed(folder: Path, manifest: Manifest, variants: tuple[GraphVariant, ...]) -> Manifest:
    return seal(folder, replace(manifest.encoder, variants=variants), manifest.heads, manifest.provenance)
