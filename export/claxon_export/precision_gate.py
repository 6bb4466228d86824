"""A graph of less precision against the fp32 graph of the same bundle, on the same texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from claxon.manifest import Comparison, Parity, Precision
from claxon_export.errors import ParityError
from claxon_export.graph import Array
from claxon_export.parity import PROBABILITIES, comparison_of, cosine, has_another_label, texts_digest
from claxon_export.parity_report import Failure, ParityReport

FP32_GRAPH = "the fp32 graph"


@dataclass(frozen=True, slots=True)
class PrecisionGate:
    """What a precision is allowed: the mean and the worst cosine, and the margin from which a label must not change."""

    min_mean_cosine: float
    min_cosine: float
    label_margin: float


def judged(
    precision: Precision,
    wanted: Mapping[str, Array],
    found: Mapping[str, Array],
    texts: Sequence[str],
    gate: PrecisionGate,
    source: str = FP32_GRAPH,
) -> Parity:
    """The figures of a precision, if the gate lets it pass.

    Args:
        precision: Which.
        wanted: The outputs of the fp32 graph by name. Shapes: ``(texts, columns)``.
        found: Those of the other.
        texts: What was run.
        gate: What is allowed.
        source: What the figures are against, in words.

    Raises:
        ParityError: it differs by more than the gate allows; carries the report.
    """
    comparisons, failures = [], []
    for name, values in found.items():
        compare = _compare_probabilities if name == PROBABILITIES else _compare_features
        comparisons.append(comparison_of(name, wanted[name], values, is_probability=name == PROBABILITIES))
        failures += compare(name, wanted[name], values, texts, gate)
    parity = Parity(source, len(texts), texts_digest(texts), tuple(comparisons))
    poor = [c for c in comparisons if c.mean_cosine is not None and not c.mean_cosine >= gate.min_mean_cosine]
    if failures or poor:
        report = ParityReport(parity, tuple(failures))
        raise ParityError(f"{_reason(precision, poor, failures, gate)}, so nothing was written. {report}", report)
    return parity


def _compare_features(
    name: str, wanted: Array, found: Array, texts: Sequence[str], gate: PrecisionGate
) -> list[Failure]:
    cosines = cosine(wanted, found)
    rows = np.flatnonzero(~(cosines >= gate.min_cosine)).tolist()
    return [Failure(row, name, f"cosine {cosines[row]:.4f}", texts[row]) for row in rows]


def _compare_probabilities(
    name: str, wanted: Array, found: Array, texts: Sequence[str], gate: PrecisionGate
) -> list[Failure]:
    is_wrong = has_another_label(wanted, found, gate.label_margin) | ~np.isfinite(found).all(axis=1)
    rows = np.flatnonzero(is_wrong).tolist()
    return [Failure(row, name, "another label", texts[row]) for row in rows]


def _reason(precision: Precision, poor: Sequence[Comparison], failures: Sequence[Failure], gate: PrecisionGate) -> str:
    if failures:
        return f"{precision} differs from fp32 on {len({f.row for f in failures})} texts"
    figures = ", ".join(f"{c.output} {c.mean_cosine:.6f}" for c in poor)
    return f"{precision} keeps a mean cosine of {figures}, below {gate.min_mean_cosine}"
