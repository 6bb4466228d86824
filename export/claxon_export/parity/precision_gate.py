"""A graph of less precision against the fp32 graph of the same bundle, on the same texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from claxon.bundle.manifest import Comparison, Parity, Precision
from claxon_export.errors import Failure, ParityError, ParityReport
from claxon_export.graphs.writer import Array
from claxon_export.heads.comparison import has_another_label, is_head_output, units_of
from claxon_export.parity.parity import (
    bundle_outputs,
    compared_encoder,
    comparison_of,
    cosine,
    texts_digest,
)

FP32_GRAPH = "the fp32 graph"


@dataclass(frozen=True, slots=True)
class PrecisionGate:
    """What a precision is allowed.

    Attributes:
        min_mean_cosine, min_cosine: Of features, over all texts and of each.
        label_margin: Between the two best labels in fp32, from which on the label must not change.
        max_norm_change: The most by which a feature's norm may differ, as a share of fp32's; ``None``: not looked at.
        max_probability_difference: The most by which a probability may differ; ``None``: not looked at.
    """

    min_mean_cosine: float
    min_cosine: float
    label_margin: float
    max_norm_change: float | None = None
    max_probability_difference: float | None = None


def judged(
    precision: Precision,
    requested: Mapping[str, Array],
    result: Mapping[str, Array],
    texts: Sequence[str],
    gate: PrecisionGate,
    source: str = FP32_GRAPH,
) -> Parity:
    """The figures of a precision, if the gate lets it pass.

    Args:
        precision: Which.
        requested: The outputs of the fp32 graph by name. Shapes: ``(texts, columns)``.
        result: Those of the other.
        texts: What was run.
        gate: What is allowed.
        source: What the figures are against, in words.

    Raises:
        ParityError: it differs by more than the gate allows, or lacks an output; carries the report.
    """
    comparisons, failures = [], []
    missing = [name for name in requested if name not in result]
    for name in (name for name in requested if name in result):
        compare = _compare_probabilities if is_head_output(name) else _compare_features
        comparisons.append(comparison_of(name, requested[name], result[name]))
        failures += compare(name, requested[name], result[name], texts, gate)
    parity = Parity(source, len(texts), texts_digest(texts), tuple(comparisons))
    poor = [c for c in comparisons if c.mean_cosine is not None and not c.mean_cosine >= gate.min_mean_cosine]
    if missing or failures or poor:
        report = ParityReport(parity, tuple(failures))
        reason = f"{precision} gives no {', '.join(missing)}" if missing else _reason(precision, poor, failures, gate)
        raise ParityError(f"{reason}, so nothing was written. {report}", report)
    return parity


def outputs_of(folder: Path, precision: str, texts: Sequence[str], labels: Sequence[str] | None) -> dict[str, Array]:
    """What a bundle's graph of one precision gives on the CPU, each text alone."""
    with compared_encoder(folder, precision) as encoder:
        return bundle_outputs(encoder, texts, labels, batch_size=1)


def _compare_features(
    name: str, requested: Array, result: Array, texts: Sequence[str], gate: PrecisionGate
) -> list[Failure]:
    cosines = cosine(requested, result)
    rows = np.flatnonzero(~(cosines >= gate.min_cosine)).tolist()
    failures = [Failure(row, name, f"cosine {cosines[row]:.4f}", texts[row]) for row in rows]
    if gate.max_norm_change is not None:
        ratios = _norms(result) / np.maximum(_norms(requested), 1e-300)
        rows = np.flatnonzero(~(np.abs(ratios - 1) <= gate.max_norm_change)).tolist()
        failures += [Failure(row, name, f"{ratios[row]:.4f} times fp32's norm", texts[row]) for row in rows]
    return failures


def _norms(vectors: Array) -> Array:
    return np.asarray(np.linalg.norm(vectors.astype(np.float64), axis=1))


def _compare_probabilities(
    name: str, requested: Array, result: Array, texts: Sequence[str], gate: PrecisionGate
) -> list[Failure]:
    is_wrong = has_another_label(name, requested, result, gate.label_margin) | ~np.isfinite(result).all(axis=1)
    failures = [Failure(row, name, "another label", texts[row]) for row in np.flatnonzero(is_wrong).tolist()]
    if gate.max_probability_difference is not None:
        differences = np.abs(requested - result).max(axis=1) / units_of(name, requested)
        rows = np.flatnonzero(~(differences <= gate.max_probability_difference)).tolist()
        failures += [Failure(row, name, f"a probability differs by {differences[row]:.4f}", texts[row]) for row in rows]
    return failures


def _reason(precision: Precision, poor: Sequence[Comparison], failures: Sequence[Failure], gate: PrecisionGate) -> str:
    if failures:
        return f"{precision} differs from fp32 on {len({f.row for f in failures})} texts"
    figures = ", ".join(f"{c.output} {c.mean_cosine:.6f}" for c in poor)
    return f"{precision} keeps a mean cosine of {figures}, below {gate.min_mean_cosine}"
