"""The int8 graph against the fp32 one of the same bundle, on texts that did not calibrate it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from claxon.encoder import Encoder
from claxon.manifest import Comparison, Parity, Precision
from claxon_export.errors import ParityError
from claxon_export.graph import Array
from claxon_export.parity import (
    PROBABILITIES,
    bundle_outputs,
    comparison_of,
    cosine,
    has_another_label,
    packaged_texts,
    texts_digest,
)
from claxon_export.parity_report import Failure, ParityReport


@dataclass(frozen=True, slots=True)
class QuantizationGate:
    """What int8 is allowed: the mean and the worst cosine, and the margin from which a label must not change."""

    min_mean_cosine: float = 0.99
    min_cosine: float = 0.97
    label_margin: float = 0.2


def check_int8(
    folder: Path, labels: Sequence[str] | None, texts: Sequence[str] = (), gate: QuantizationGate | None = None
) -> Parity:
    """Compare a bundle's int8 graph with its fp32 graph, each text alone.

    Args:
        folder: The bundle, which holds both.
        labels: The labels of the checkpoint's own classifier, in order; ``None`` without one.
        texts: More texts, beside the 64 packaged ones.
        gate: What is allowed.

    Returns:
        The figures for the manifest.

    Raises:
        ParityError: int8 differs by more than the gate allows; carries the report.
    """
    every = [*packaged_texts(), *texts]
    wanted, found = (_outputs(folder, precision, every, labels) for precision in (Precision.FP32, Precision.INT8))
    allowed = gate or QuantizationGate()
    comparisons, failures = [], []
    for name, values in found.items():
        compare = _compare_probabilities if name == PROBABILITIES else _compare_features
        comparisons.append(comparison_of(name, wanted[name], values, is_probability=name == PROBABILITIES))
        failures += compare(name, wanted[name], values, every, allowed)
    parity = Parity("the fp32 graph", len(every), texts_digest(every), tuple(comparisons))
    poor = [c for c in comparisons if c.mean_cosine is not None and not c.mean_cosine >= allowed.min_mean_cosine]
    if failures or poor:
        report = ParityReport(parity, tuple(failures))
        raise ParityError(f"{_reason(poor, failures, allowed)}, so nothing was written. {report}", report)
    return parity


def _outputs(folder: Path, precision: str, texts: Sequence[str], labels: Sequence[str] | None) -> dict[str, Array]:
    with Encoder.load(folder, device="cpu", precision=precision) as encoder:
        return bundle_outputs(encoder, texts, labels, batch_size=1)


def _compare_features(
    name: str, wanted: Array, found: Array, texts: Sequence[str], gate: QuantizationGate
) -> list[Failure]:
    cosines = cosine(wanted, found)
    rows = np.flatnonzero(~(cosines >= gate.min_cosine)).tolist()
    return [Failure(row, name, f"cosine {cosines[row]:.4f}", texts[row]) for row in rows]


def _compare_probabilities(
    name: str, wanted: Array, found: Array, texts: Sequence[str], gate: QuantizationGate
) -> list[Failure]:
    is_wrong = has_another_label(wanted, found, gate.label_margin) | np.isnan(found).any(axis=1)
    rows = np.flatnonzero(is_wrong).tolist()
    return [Failure(row, name, "another label", texts[row]) for row in rows]


def _reason(poor: Sequence[Comparison], failures: Sequence[Failure], gate: QuantizationGate) -> str:
    if failures:
        return f"int8 differs from fp32 on {len({f.row for f in failures})} texts"
    figures = ", ".join(f"{c.output} {c.mean_cosine:.4f}" for c in poor)
    return f"int8 keeps a mean cosine of {figures}, below {gate.min_mean_cosine}"
