"""Export a checkpoint as a verified bundle."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import EncoderSpec, HeadSpec, Manifest, Parity, Precision, Provenance
from claxon.errors import OptionError
from claxon.support.reporting import steps
from claxon.support.validation import choice
from claxon.text.inputs import check_texts
from claxon_export.bundle.atomic_folder import check_target, whole_folder
from claxon_export.bundle.head_files import write_head
from claxon_export.bundle.seal import seal, tool_versions
from claxon_export.bundle.variants import only_variants, with_calibration, with_parity, with_variant
from claxon_export.checkpoint.checkpoint import Checkpoint, Pooling, open_checkpoint
from claxon_export.fp16 import write_fp16
from claxon_export.fp16.gate import check_fp16
from claxon_export.graphs import encoder_files, optimum_exporter
from claxon_export.heads import pretrained_head
from claxon_export.heads.setfit import check_trust, setfit_head
from claxon_export.int8 import write_int8
from claxon_export.int8.gate import check_int8
from claxon_export.parity.parity import AloneOutputs, calibration_texts, check_parity, part_of

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
    prompt: str | None = None,
    accept_unknown: Sequence[str] = (),
    exporter: str = Exporter.NATIVE,
    texts: Sequence[str] = (),
    verify: bool = True,
    token_states: bool = False,
    precision: str | Sequence[str] = Precision.FP32,
    calibration: Sequence[str] = (),
    show_progress_bar: bool = False,
    force: bool = False,
    trust_pickle: bool = False,
) -> Bundle:
    """Export a checkpoint as a bundle, which is put in place only after it was compared with its source on real texts.

    Args:
        source: A Hub id (``org/name``), or a local folder, which never uses the network.
        out: The bundle's folder.
        revision: Branch, tag or commit of a Hub id.
        pooling: ``mean`` or ``cls``, where the checkpoint does not say how a sentence embedding is pooled.
        max_tokens: Another limit than the checkpoint's own, special tokens included; at most its position table's.
        labels: Other names for the classifier's labels, in the order of its outputs.
        prompt: The name of one of the checkpoint's prompts, which then is put before every text instead of its default
            one; the bundle keeps all of them.
        accept_unknown: Settings of the checkpoint that Claxon does not know and may leave unread, as ``key`` or
            ``file: key``; the manifest records them.
        exporter: ``native``, or ``optimum`` for architectures without a graph writer.
        texts: More texts to compare on, in addition to the 64 packaged ones.
        verify: ``False`` skips the comparison; the manifest records this.
        token_states: Also output every token's last hidden state, for ``Encoder.token_states``.
        precision: What the bundle holds, one or several: ``fp32``, ``int8`` for CPUs, ``fp16`` for CUDA. int8 and fp16
            are compared with fp32 in any case; fp16 as the CPU computes it.
        calibration: Texts like those you will classify, to calibrate int8; the packaged texts, general English, are
            added.
        show_progress_bar: Show each step on standard error: one line that is redrawn on a terminal, one line each
            elsewhere, and a bar while int8 is calibrated.
        force: Replace an existing bundle.
        trust_pickle: Open the pickled head of a SetFit folder, which can run any code in it, and take it into the
            bundle.

    Raises:
        TargetExistsError: ``out`` exists, and ``force`` was not given.
        CheckpointError: the source cannot be read, or lacks information that an option must give.
        UnsupportedArchitectureError: there is no graph writer; the message lists the supported architectures.
        CalibrationError: int8 finds NaN or infinity in the source.
        HeadError: the checkpoint's classifier cannot become a head.
        OptionError: an option has an unknown or impossible value.
        InputError: one of ``texts`` or ``calibration`` is not a string; the message names the row.
        MissingDependencyError: what the source or the exporter needs is not installed.
        ExportError: ``out`` is not writable, or is not a bundle.
        ParityError: source and bundle differ; nothing was written; the error carries the report.
    """
    target = Path(out)
    check_target(target, force=force)
    chosen = choice("exporter", exporter, Exporter)
    precisions = _precisions(precision, chosen)
    texts, calibration = check_texts(texts), check_texts(calibration)
    pooled = None if pooling is None else choice("pooling", pooling, Pooling)
    with steps(is_shown=show_progress_bar) as begin:
        begin("reading the checkpoint")
        checkpoint = open_checkpoint(
            source,
            revision=revision,
            pooling=pooled,
            max_tokens=max_tokens,
            labels=labels,
            prompt=prompt,
            accept_unknown=accept_unknown,
        )
        check_trust(checkpoint.folder, is_trusted=trust_pickle)
        with whole_folder(target, force=force) as folder:
            begin("writing the graph")
            manifest = write_bundle(checkpoint, folder, chosen, token_states=token_states)
            fp32 = AloneOutputs(folder, checkpoint.labels)
            if verify:
                begin("comparing the bundle with its source")
                manifest = _verified(checkpoint, folder, manifest, texts, fp32)
            if trust_pickle:
                manifest = _with_setfit_head(checkpoint, folder, manifest)
            if Precision.INT8 in precisions:
                begin("calibrating int8")
                variant = write_int8(
                    checkpoint, folder, calibration, token_states=token_states, show_progress_bar=show_progress_bar
                )
                texts_of_all = [*calibration, *calibration_texts()]
                manifest = with_calibration(folder, with_variant(folder, manifest, variant), texts_of_all)
                if verify:
                    begin("comparing int8 with fp32")
                    parity = check_int8(folder, checkpoint.labels, texts, fp32=fp32)
                    manifest = with_parity(folder, manifest, Precision.INT8, parity)
            if Precision.FP16 in precisions:
                begin("writing fp16")
                manifest = with_variant(folder, manifest, write_fp16(checkpoint, folder, token_states=token_states))
                if verify:
                    begin("comparing fp16 with fp32")
                    parity = check_fp16(folder, checkpoint.labels, texts, fp32=fp32)
                    manifest = with_parity(folder, manifest, Precision.FP16, parity)
            only_variants(folder, manifest, precisions)
    return Bundle.open(target)


def write_bundle(
    checkpoint: Checkpoint, folder: Path, exporter: Exporter = Exporter.NATIVE, *, token_states: bool = False
) -> Manifest:
    """Write an unverified bundle into an existing folder."""
    encoder = _WRITERS[exporter](checkpoint, folder, token_states=token_states)
    heads = _pretrained_heads(checkpoint, folder)
    (folder / TOKENIZER_NAME).write_bytes(checkpoint.tokenizer_json.encode())
    provenance = Provenance(
        checkpoint.name,
        checkpoint.revision,
        exporter,
        dict(checkpoint.hashes),
        tool_versions(),
        checkpoint.license,
        checkpoint.accepted_unknown,
        checkpoint.notes,
    )
    return seal(folder, encoder, heads, provenance)


def _precisions(requested: str | Sequence[str], exporter: Exporter) -> frozenset[Precision]:
    names = [requested] if isinstance(requested, str) else requested
    precisions = frozenset(precision for precision in Precision if precision in names)
    if not precisions or not set(names) <= set(Precision):
        raise OptionError(f"precision is {', '.join(names) or 'empty'!r}, expected one or more of {PRECISIONS}")
    if precisions != {Precision.FP32} and exporter is not Exporter.NATIVE:
        raise OptionError(
            "int8 and fp16 need an architecture with a graph writer; they cannot be combined with --exporter optimum"
        )
    return precisions


def _verified(
    checkpoint: Checkpoint, folder: Path, manifest: Manifest, texts: Sequence[str], fp32: AloneOutputs
) -> Manifest:
    """Compare the bundle with its source, and write the figures into its manifest."""
    parity = check_parity(checkpoint, folder, texts, fp32=fp32)
    encoder, heads = _verified_encoder(manifest.encoder, parity), _verified_heads(manifest.heads, parity)
    return seal(folder, encoder, heads, manifest.provenance)


def _verified_encoder(encoder: EncoderSpec, parity: Parity) -> EncoderSpec:
    features = part_of(parity, is_head=False)
    return replace(encoder, variants=(replace(encoder.variants[0], parity=features),))


def _verified_heads(heads: tuple[HeadSpec, ...], parity: Parity) -> tuple[HeadSpec, ...]:
    return tuple(replace(head, parity=part_of(parity, is_head=True)) for head in heads)


def _with_setfit_head(checkpoint: Checkpoint, folder: Path, manifest: Manifest) -> Manifest:
    head = write_head(setfit_head(checkpoint.folder, manifest.encoder), PRETRAINED_HEAD_NAME, folder)
    return seal(folder, manifest.encoder, (*manifest.heads, head), manifest.provenance)


def _pretrained_heads(checkpoint: Checkpoint, folder: Path) -> tuple[HeadSpec, ...]:
    if checkpoint.labels is None:
        return ()
    head = pretrained_head(checkpoint.architecture, checkpoint.config, checkpoint.weights, checkpoint.labels)
    return (write_head(head, PRETRAINED_HEAD_NAME, folder),)
