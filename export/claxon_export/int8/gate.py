"""The int8 graph against the fp32 one of the same bundle, on texts that did not calibrate it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from claxon.bundle.manifest import Parity, Precision
from claxon_export.int8.repetitive import judging_repetitions
from claxon_export.parity.parity import AloneOutputs, packaged_texts
from claxon_export.parity.precision_gate import PrecisionGate, judged, outputs_of

INT8_GATE = PrecisionGate(min_mean_cosine=0.99, min_cosine=0.97, label_margin=0.2)


def check_int8(
    folder: Path,
    labels: Sequence[str] | None,
    texts: Sequence[str] = (),
    gate: PrecisionGate | None = None,
    fp32: AloneOutputs | None = None,
) -> Parity:
    """Compare a bundle's int8 graph with its fp32 graph, each text alone.

    Args:
        folder: The bundle, which holds both.
        labels: The labels of the checkpoint's own classifier, in order; ``None`` without one.
        texts: More texts, beside the 64 packaged ones and those that repeat themselves.
        gate: What is allowed; ``None``: ``INT8_GATE``.
        fp32: What the fp32 graph gave already.

    Returns:
        The figures for the manifest.

    Raises:
        ParityError: int8 differs by more than the gate allows; carries the report.
    """
    every = [*packaged_texts(), *judging_repetitions(), *texts]
    requested = (fp32 or AloneOutputs(folder, labels))(every)
    result = outputs_of(folder, Precision.INT8, every, labels)
    return judged(Precision.INT8, requested, result, every, gate or INT8_GATE)
