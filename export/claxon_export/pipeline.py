"""A checkpoint -> a bundle: the whole way, verified."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import EncoderSpec, HeadSpec, Manifest, Parity, Precision, Provenance
from claxon.errors import OptionError
from claxon.support.validation import choice
from claxon_export.bundle.atomic_folder import check_target, whole_folder
from claxon_export.bundle.head_files import write_head
from claxon_export.bundle.seal import seal, tool_versions
from claxon_export.bundle.variants import only_variants, with_calibration, with_parity, with_variant
from claxon_export.checkpoint.checkpoint import Checkpoint, Pooling, open_checkpoint
from claxon_export.fp16 import write_fp16
from claxon_export.fp16.gate import check_fp16
from claxon_export.graphs import encoder_files, optimum_exporter
from claxon_export.heads import pretrained_head
from claxon_export.int8 import write_int8
from claxon_export.int8.gate import check_int8
from claxon_export.parity.parity import calibration_texts, check_parity, part_of

PRETRAINED_HEAD_NAME = "classifier"
TOKENIZER_NAME = "tokenizer.json"


class Exporter(StrEnum):
    """Who writes the encoder's graph."""

    NATIVE = "native"
    OPTIMUM = "optimum"


PRECISIONS = ", ".join(Precision)
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
    precision: str | Sequence[str] = Precision.FP32,
    calibration: Sequence[str] = (),
    show_progress_bar: bool = False,
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
        precision: What the bundle holds, one or several: ``fp32``, ``int8`` for CPUs, ``fp16`` for CUDA. int8 and fp16
            are compared with fp32 in any case; fp16 as the CPU computes it.
        calibration: Texts like those that will come, for int8; the packaged ones, general English, follow them.
        show_progress_bar: Draw one on standard error while int8 is calibrated.
        force: Replace a bundle that is there.

    Raises:
        TargetExistsError: ``out`` exists, and ``force`` was not given.
        CheckpointError: the source cannot be read, or does not say what must be known.
        UnsupportedArchitectureError: there is no writer; the message lists those there are.
        CalibrationError: int8 finds numbers in the source that are none.
        HeadError: the checkpoint's classifier cannot become a head.
        OptionError: an option has a value that cannot be met.
        MissingDependencyError: what the source or the exporter needs is not installed.
        ExportError: ``out`` cannot be written to, or is something else than a bundle.
        ParityError: source and bundle differ; nothing was written; the error carries the report.
    """
    target = Path(out)
    check_target(target, force=force)
    chosen = choice("exporter", exporter, Exporter)
    precisions = _precisions(precision, chosen)
    checkpoint = open_checkpoint(
        source,
        revision=revision,
        pooling=None if pooling is None else choice("pooling", pooling, Pooling),
        max_tokens=max_tokens,
        labels=labels,
    )
    with whole_folder(target, force=force) as folder:
        manifest = write_bundle(checkpoint, folder, chosen, token_states=token_states)
        if verify:
            manifest = _verified(checkpoint, folder, manifest, texts)
        if Precision.INT8 in precisions:
            variant = write_int8(
                checkpoint, folder, calibration, token_states=token_states, show_progress_bar=show_progress_bar
            )
            texts_of_all = [*calibration, *calibration_texts()]
            manifest = with_calibration(folder, with_variant(folder, manifest, variant), texts_of_all)
            if verify:
                parity = check_int8(folder, checkpoint.labels, texts)
                manifest = with_parity(folder, manifest, Precision.INT8, parity)
        if Precision.FP16 in precisions:
            manifest = with_variant(folder, manifest, write_fp16(checkpoint, folder, token_states=token_states))
            if verify:
                parity = check_fp16(folder, checkpoint.labels, texts)
                manifest = with_parity(folder, manifest, Precision.FP16, parity)
        only_variants(folder, manifest, precisions)
    return Bundle.open(target)


def write_bundle(
    checkpoint: Checkpoint, folder: Path, exporter: Exporter = Exporter.NATIVE, *, token_states: bool = False
) -> Manifest:
    """Write all of a bundle into a folder that is there, not verified yet."""
    encoder = _WRITERS[exporter](checkpoint, folder, token_states=token_states)
    heads = _pretrained_heads(checkpoint, folder)
    (folder / TOKENIZER_NAME).write_bytes(checkpoint.tokenizer_json.encode())
    provenance = Provenance(
        checkpoint.name, checkpoint.revision, exporter, dict(checkpoint.hashes), tool_versions(), checkpoint.license
    )
    return seal(folder, encoder, heads, provenance)


def _precisions(asked: str | Sequence[str], exporter: Exporter) -> frozenset[Precision]:
    names = [asked] if isinstance(asked, str) else asked
    precisions = frozenset(precision for precision in Precision if precision in names)
    if not precisions or not set(names) <= set(Precision):
        raise OptionError(f"precision is {', '.join(names) or 'empty'!r}, expected one or several of {PRECISIONS}")
    if precisions != {Precision.FP32} and exporter is not Exporter.NATIVE:
        raise OptionError(
            "int8 and fp16 need an architecture with a graph writer: they do not go with --exporter optimum"
        )
    return precisions


def _verified(checkpoint: Checkpoint, folder: Path, manifest: Manifest, texts: Sequence[str]) -> Manifest:
    """Compare the bundle with its source, and write the figures into its manifest."""
    parity = check_parity(checkpoint, folder, texts)
    encoder, heads = _verified_encoder(manifest.encoder, parity), _verified_heads(manifest.heads, parity)
    return seal(folder, encoder, heads, manifest.provenance)


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
