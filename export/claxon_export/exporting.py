"""A checkpoint -> a bundle: the whole way, verified."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from claxon.bundle import Bundle
from claxon.manifest import EncoderSpec, HeadSpec, Parity, Provenance
from claxon.options import choice
from claxon_export import encoder_files, optimum_exporter
from claxon_export.checkpoint import Checkpoint, Pooling, open_checkpoint
from claxon_export.head_files import write_head
from claxon_export.heads import pretrained_head
from claxon_export.parity import check_parity, part_of
from claxon_export.seal import seal, tool_versions
from claxon_export.write import check_target, whole_folder

PRETRAINED_HEAD_NAME = "classifier"
TOKENIZER_NAME = "tokenizer.json"


class Exporter(StrEnum):
    """Who writes the encoder's graph."""

    NATIVE = "native"
    OPTIMUM = "optimum"


_WRITERS = {Exporter.NATIVE: encoder_files.write_encoder, Exporter.OPTIMUM: optimum_exporter.write_encoder}


def export(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    revision: str | None = None,
    pooling: str | None = None,
    max_tokens: int | None = None,
    labels: Sequence[str] | None = None,
    exporter: str = Exporter.NATIVE,
    texts: Sequence[str] = (),
    verify: bool = True,
    token_states: bool = False,
    force: bool = False,
) -> Bundle:
    """Turn a checkpoint into a bundle, compare the two on real texts, and only then put it in place.

    Args:
        source: A Hub id (``org/name``), or a local folder, for which the network is never touched.
        out: The bundle's folder.
        revision: Branch, tag or commit of a Hub id.
        pooling: ``mean`` or ``cls``, where the checkpoint does not say how a sentence embedding is pooled.
        max_tokens: Another limit than the checkpoint's own, special tokens included; at most its position table's.
        labels: Other names for the classifier's labels, in the order of its outputs.
        exporter: ``native``, or ``optimum`` for architectures without a graph writer.
        texts: More texts to compare on, beside the 64 packaged ones.
        verify: ``False`` writes without comparing; the manifest then says so.
        token_states: Let the graph give every token's last hidden state out as well, for ``Encoder.token_states``.
        force: Replace a bundle that is there.

    Raises:
        TargetExistsError: ``out`` exists, and ``force`` was not given.
        CheckpointError: the source cannot be read, or does not say what must be known.
        UnsupportedArchitectureError: there is no writer; the message lists those there are.
        HeadError: the checkpoint's classifier cannot become a head.
        OptionError: an option has a value that cannot be met.
        MissingDependencyError: what the source or the exporter needs is not installed.
        ExportError: ``out`` cannot be written to, or is something else than a bundle.
        ParityError: source and bundle differ; nothing was written; the error carries the report.
    """
    target = Path(out)
    check_target(target, force=force)
    chosen = choice("exporter", exporter, Exporter)
    checkpoint = open_checkpoint(
        source,
        revision=revision,
        pooling=None if pooling is None else choice("pooling", pooling, Pooling),
        max_tokens=max_tokens,
        labels=labels,
    )
    with whole_folder(target, force=force) as folder:
        write_bundle(checkpoint, folder, chosen, token_states=token_states)
        if verify:
            _verify(checkpoint, folder, texts)
    return Bundle.open(target)


def write_bundle(
    checkpoint: Checkpoint, folder: Path, exporter: Exporter = Exporter.NATIVE, *, token_states: bool = False
) -> None:
    """Write all of a bundle into a folder that is there, not verified yet."""
    encoder = _WRITERS[exporter](checkpoint, folder, token_states=token_states)
    heads = _pretrained_heads(checkpoint, folder)
    (folder / TOKENIZER_NAME).write_bytes(checkpoint.tokenizer_json.encode())
    provenance = Provenance(checkpoint.name, checkpoint.revision, exporter, dict(checkpoint.hashes), tool_versions())
    seal(folder, encoder, heads, provenance)


def _verify(checkpoint: Checkpoint, folder: Path, texts: Sequence[str]) -> None:
    """Compare the bundle with its source, and write the figures into its manifest."""
    parity, manifest = check_parity(checkpoint, folder, texts), Bundle.open(folder).manifest
    encoder, heads = _verified_encoder(manifest.encoder, parity), _verified_heads(manifest.heads, parity)
    seal(folder, encoder, heads, manifest.provenance)


def _verified_encoder(encoder: EncoderSpec, parity: Parity) -> EncoderSpec:
    features = part_of(parity, is_head=False)
    return replace(encoder, variants=(replace(encoder.variants[0], parity=features),))


def _verified_heads(heads: tuple[HeadSpec, ...], parity: Parity) -> tuple[HeadSpec, ...]:
    return tuple(replace(head, parity=part_of(parity, is_head=True)) for head in heads)


def _pretrained_heads(checkpoint: Checkpoint, folder: Path) -> tuple[HeadSpec, ...]:
    if checkpoint.labels is None:
        return ()
    head = pretrained_head(checkpoint.architecture, checkpoint.config, checkpoint.weights, checkpoint.labels)
    return (write_head(head, PRETRAINED_HEAD_NAME, folder),)
