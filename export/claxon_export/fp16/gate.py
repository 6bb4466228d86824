"""Compares a bundle's fp16 graph with its fp32 graph, on the CPU, rounding every value to float16."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import GraphVariant, Parity, Precision
from claxon_export.errors import ParityError, ParityReport
from claxon_export.fp16.emulation import beyond, emulating_encoder, emulation
from claxon_export.fp16.graph_writer import LIMIT
from claxon_export.parity.parity import AloneOutputs, bundle_outputs, calibration_texts, packaged_texts, texts_digest
from claxon_export.parity.precision_gate import FP32_GRAPH, PrecisionGate, judged

# With room: norms were within 0.001 of fp32's (MiniLM, a small DistilBERT), probabilities within 0.001 (the small
# DistilBERT) and 0.006 (random weights of full size).
FP16_GATE = PrecisionGate(
    min_mean_cosine=0.9999,
    min_cosine=0.999,
    label_margin=0.02,
    max_norm_change=0.01,
    max_probability_difference=0.02,
)
# Texts a batch: the weights are converted to float32 in every run.
BATCH_SIZE = 8
# Of the calibration's, to look for large numbers in: long and odd texts make larger ones than more of these do.
CALIBRATION_TEXTS = 128


def check_fp16(
    folder: Path,
    labels: Sequence[str] | None,
    texts: Sequence[str] = (),
    gate: PrecisionGate | None = None,
    fp32: AloneOutputs | None = None,
) -> Parity:
    """Compare a bundle's fp16 graph with its fp32 graph, in batches, and find values beyond float16.

    Args:
        folder: The bundle, which holds both.
        labels: The labels of the checkpoint's own classifier, in order; ``None`` without one.
        texts: More texts, beside the 64 packaged ones.
        gate: What is allowed; ``None``: ``FP16_GATE``.
        fp32: What the fp32 graph gave already.

    Returns:
        The figures for the manifest.

    Raises:
        ParityError: fp16 differs by more than the gate allows, or cannot hold a number; carries the report.
    """
    every = [*packaged_texts(), *texts]
    requested = (fp32 or AloneOutputs(folder, labels))(every)
    bundle = Bundle.open(folder)
    session = emulation(bundle, variant := fp16_variant(bundle))
    with emulating_encoder(bundle, variant, session) as encoder:
        result = bundle_outputs(encoder, every, labels, batch_size=BATCH_SIZE)
        encoder.features(range_texts(), batch_size=BATCH_SIZE, on_truncation="ignore")
    source = f"{FP32_GRAPH}, by the CPU, rounded to float16 after every operator; {_range_in_words(session.largest)}"
    _check_range(session.largest, every, source)
    return judged(Precision.FP16, requested, result, every, gate or FP16_GATE, source)


def fp16_variant(bundle: Bundle) -> GraphVariant:
    """The fp16 graph of a bundle that has one."""
    return next(v for v in bundle.manifest.encoder.variants if v.precision is Precision.FP16)


def range_texts() -> list[str]:
    """Texts that are run to see how large numbers become: some of the calibration, very long and very odd ones."""
    calibration = calibration_texts()[:CALIBRATION_TEXTS]
    long = [" ".join(calibration), " ".join(reversed(calibration)), "!" * 2000, "a " * 2000, "the of and " * 700]
    odd = [
        "",
        ".",
        "\N{ZERO WIDTH SPACE}",
        "0",
        "Ω≈ç√∫ 漢字 \N{GRINNING FACE}",
        "x" * 500,
        "1 2 3 4 5 6 7 8 9 0 " * 200,
    ]
    return [*calibration, *long, *odd]


def _range_in_words(largest: Mapping[str, float]) -> str:
    """The mask of the padding is left out: it is as large as it was chosen to be."""
    states = {name: number for name, number in largest.items() if name.startswith(("embeddings.", "layer."))}
    name = max(states, key=states.__getitem__)
    return f"largest value {states[name]:,.0f} of {LIMIT:,.0f}, in {name}"


def _check_range(largest: Mapping[str, float], texts: Sequence[str], source: str) -> None:
    """Raise unless float16 can represent every value."""
    names = beyond(largest)
    if names:
        note = f"float16 ends at {LIMIT:,.0f}, and these exceed it: {', '.join(names)}; use --precision fp32"
        report = ParityReport(Parity(source, len(texts), texts_digest(texts), ()), (), note)
        raise ParityError(f"{note}. Nothing was written", report)
