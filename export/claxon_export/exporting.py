"""A checkpoint -> a bundle: the whole way, verified."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from claxon.bundle import Bundle
from claxon.errors import OptionError
from claxon.manifest import HeadSpec, Provenance
from claxon_export import encoder_files, optimum_exporter
from claxon_export.checkpoint import Checkpoint, Pooling, open_checkpoint
from claxon_export.head_files import write_head
from claxon_export.heads import pretrained_head
from claxon_export.parity import check_parity
from claxon_export.seal import seal, tool_versions
from claxon_export.write import check_target, whole_folder

PRETRAINED_HEAD_NAME = "classifier"
TOKENIZER_NAME = "tokenizer.json"

Choice = TypeVar("Choice", bound=StrEnum)


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
    chosen = _choice(Exporter, exporter, "exporter")
    checkpoint = open_checkpoint(
        source,
        revision=revision,
        pooling=None if pooling is None else _choice(Pooling, pooling, "pooling"),
        max_tokens=max_tokens,
        labels=labels,
    )
    with whole_folder(target, force=force) as folder:
        _write(checkpoint, folder, chosen, texts, verify=verify)
    return Bundle.open(target)


def _write(checkpoint: Checkpoint, folder: Path, exporter: Exporter, texts: Sequence[str], *, verify: bool) -> None:
    encoder = _WRITERS[exporter](checkpoint, folder)
    heads = _pretrained_heads(checkpoint, folder)
    (folder / TOKENIZER_NAME).write_bytes(checkpoint.tokenizer_json.encode())
    provenance = Provenance(checkpoint.name, checkpoint.revision, exporter, dict(checkpoint.hashes), tool_versions())
    seal(folder, encoder, heads, provenance)
    if verify:
        parity = check_parity(checkpoint, folder, texts)
        verified = replace(encoder, variants=(replace(encoder.variants[0], parity=parity),))
        seal(folder, verified, heads, provenance)


def _pretrained_heads(checkpoint: Checkpoint, folder: Path) -> tuple[HeadSpec, ...]:
    if checkpoint.labels is None:
        return ()
    head = pretrained_head(checkpoint.architecture, checkpoint.config, checkpoint.weights, checkpoint.labels)
    return (write_head(head, PRETRAINED_HEAD_NAME, folder),)


def _choice(kind: type[Choice], name: str, option: str) -> Choice:
    try:
        return kind(name)
    except ValueError:
        raise OptionError(f"{option} is {name!r}, expected one of {', '.join(kind)}") from None
