"""Source against bundle on real texts. The gate: whatever differs by more than it allows is not written.

The source runs every text alone, as it comes. The bundle runs them twice: every text alone, and a choice of all lengths
in one batch, padded to the longest.
"""

from __future__ import annotations

import gc
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import Comparison, Feature, HeadKind, LabelValue, Parity, Precision
from claxon.encoder.encoder import Encoder
from claxon.encoder.loading import load_parts
from claxon.engine.providers import Device
from claxon.engine.runner import BatchRunner
from claxon.heads.heads import GraphHead
from claxon.text.tokens import Tokens
from claxon_export.checkpoint.checkpoint import Checkpoint
from claxon_export.errors import Failure, ParityError, ParityReport
from claxon_export.graphs.encoder_files import default_feature
from claxon_export.heads.comparison import NAMES, has_another_label, is_head_output, label_agreement, units_of
from claxon_export.parity.end_to_end import EndToEnd, call_of, end_to_end
from claxon_export.parity.hard_texts import hard_texts
from claxon_export.parity.source import SourceOutputs, TorchSource, open_source

Array = np.ndarray[Any, Any]

PADDED_TEXTS = 6
END_TO_END = ", end to end"


@dataclass(frozen=True, slots=True)
class Gate:
    """What fp32 is allowed: the largest difference, and the source's margin from which a label must not change."""

    max_abs_difference: float = 1e-4
    label_margin: float = 1e-3


def packaged_texts() -> list[str]:
    """The 64 texts of many lengths and scripts that come with the package."""
    return _packaged("parity.jsonl")


def calibration_texts() -> list[str]:
    """The 878 texts that come with the package for int8; none of them is among those of ``packaged_texts``."""
    return _packaged("calibration.jsonl")


def _packaged(name: str) -> list[str]:
    content = (files("claxon_export") / "texts" / name).read_text(encoding="utf-8")
    return [json.loads(line)["text"] for line in content.splitlines()]


class AloneOutputs:
    """What a bundle's fp32 graph gives for texts, each alone; no text is run twice."""

    def __init__(self, folder: Path, labels: Sequence[str] | None) -> None:
        """Begin with no text; ``labels`` are the source's, in order."""
        self._folder, self._labels = folder, labels
        self._rows: dict[str, dict[str, Array]] = {}

    def __call__(self, texts: Sequence[str]) -> dict[str, Array]:
        """The outputs by name, of shape ``(texts, columns)``; what is not known yet is run."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._rows]
        if missing:
            with compared_encoder(self._folder, Precision.FP32) as encoder:
                self.run(encoder, missing)
        names = self._rows[texts[0]]
        return {name: np.stack([self._rows[text][name] for text in texts]) for name in names}

    def run(self, encoder: Encoder, texts: Sequence[str]) -> dict[str, Array]:
        """The outputs by name from an encoder that is loaded; they are kept."""
        outputs = bundle_outputs(encoder, texts, self._labels, batch_size=1)
        for row, text in enumerate(texts):
            self._rows[text] = {name: values[row] for name, values in outputs.items()}
        return outputs


def check_parity(
    checkpoint: Checkpoint,
    folder: Path,
    texts: Sequence[str] = (),
    gate: Gate | None = None,
    fp32: AloneOutputs | None = None,
) -> Parity:
    """Compare a bundle with the checkpoint that it was made from.

    Args:
        checkpoint: The source.
        folder: The bundle.
        texts: More texts, beside the packaged ones.
        gate: What is allowed.
        fp32: Keeps what the graph gives, for the gates of other precisions.

    Returns:
        The figures for the manifest.

    Raises:
        ParityError: the bundle differs by more than the gate allows; carries the report.
    """
    report = parity_report(checkpoint, folder, texts, gate or Gate(), fp32)
    if report.failures:
        raise ParityError(
            f"the bundle differs from its source on {len({f.row for f in report.failures})} of {report.parity.texts} "
            f"texts, so nothing was written. {report}",
            report,
        )
    return report.parity


def part_of(parity: Parity, *, is_head: bool) -> Parity:
    """The figures of the classifier's probabilities, or those of the encoder's features."""
    chosen = tuple(c for c in parity.comparisons if is_head_output(c.output) is is_head)
    return replace(parity, comparisons=chosen)


def parity_report(
    checkpoint: Checkpoint, folder: Path, texts: Sequence[str], gate: Gate, fp32: AloneOutputs | None = None
) -> ParityReport:
    """The figures and failures, without raising."""
    every = [*packaged_texts(), *hard_texts(checkpoint), *texts]
    fp32 = fp32 or AloneOutputs(folder, checkpoint.labels)
    with compared_encoder(folder, Precision.FP32) as encoder:
        tokens = encoder.tokenize(every)
        chosen = _all_lengths(tokens)
        alone = fp32.run(encoder, every)
        padded = bundle_outputs(encoder, [every[row] for row in chosen], checkpoint.labels, batch_size=len(chosen))
    gc.collect()  # the bundle's weights go before the source's come: half the memory
    source = open_source(checkpoint)
    expected = source.outputs(every)
    runs = [
        _Run([], _token_failures(tokens, expected, every)),
        _compare(np.arange(len(every)), expected, alone, every, gate, suffix=""),
        _compare(chosen, expected, padded, every, gate, suffix=", padded"),
    ]
    unseen, name = source.unseen, source.name
    if isinstance(source, TorchSource):
        del source
        gc.collect()
        ran = end_to_end(checkpoint, every)
        if ran is None:
            missing = call_of(checkpoint)
            unseen += () if missing is None else (missing,)
        else:
            name += f", {ran.name}"
            runs.append(
                _compare(np.arange(len(every)), *_end(ran, checkpoint, expected, alone), every, gate, END_TO_END)
            )
    comparisons = tuple(comparison for run in runs for comparison in run.comparisons)
    failures = tuple(failure for run in runs for failure in run.failures)
    return ParityReport(Parity(name, len(every), texts_digest(every), comparisons, unseen), failures)


def _end(
    ran: EndToEnd, checkpoint: Checkpoint, expected: SourceOutputs, alone: Mapping[str, Array]
) -> tuple[SourceOutputs, dict[str, Array]]:
    """What was run end to end, and the bundle's output that it is compared with."""
    if ran.probabilities is not None:
        heads = {name: values for name, values in alone.items() if name not in set(Feature)}
        return SourceOutputs({}, ran.probabilities, expected.input_ids), heads
    feature = str(default_feature(checkpoint))
    embeddings = ran.embeddings if ran.embeddings is not None else np.empty((0, 0), np.float32)
    return SourceOutputs({feature: embeddings}, None, expected.input_ids), {feature: alone[feature]}


def texts_digest(texts: Sequence[str]) -> str:
    """SHA-256 of the texts, in their order."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Run:
    comparisons: list[Comparison]
    failures: list[Failure]


def _all_lengths(tokens: Tokens) -> Array:
    """Rows of different lengths, spread over all that there are, the shortest and the longest among them."""
    rows = np.unique(tokens.lengths, return_index=True)[1]
    spread: Array = rows[np.linspace(0, len(rows) - 1, min(PADDED_TEXTS, len(rows))).astype(int)]
    return spread


def compared_encoder(folder: Path, precision: str) -> Encoder:
    """A bundle's encoder on the CPU, whose NaN are found by the comparison, with the rows, and not refused before."""
    bundle = Bundle.open(folder)
    parts = load_parts(bundle, device=Device.CPU, precision=precision)
    runner = BatchRunner(parts.session, bundle.manifest.encoder, parts.session.callers, refuses_nan=False)
    return Encoder(bundle, parts.tokenizer, runner, parts.variant, parts.max_tokens)


def bundle_outputs(
    encoder: Encoder, texts: Sequence[str], labels: Sequence[str] | None, batch_size: int
) -> dict[str, Array]:
    """Every output of the bundle, its classifier's in the order of ``labels``, in batches of so many texts."""
    encoder.token_budget = 1 << 40
    features = encoder.features(texts, batch_size=batch_size, on_truncation="ignore").values
    outputs: dict[str, Array] = {str(name): values for name, values in features.items()}
    for spec in encoder.bundle.manifest.heads:
        if labels is not None and spec.kind is HeadKind.PRETRAINED:
            scores = GraphHead(encoder.bundle, spec)(features[spec.feature])
            outputs[NAMES[spec.scores]] = _in_order_of(labels, spec.labels, scores)
    return outputs


def _in_order_of(labels: Sequence[str], result: Sequence[LabelValue], scores: Array) -> Array:
    """The scores by the source's labels, so that a label at another's place counts; NaN for one that is not there."""
    columns = {label: scores[:, column] for column, label in enumerate(result)}
    nothing = np.full(len(scores), np.nan, np.float32)
    return np.stack([columns.get(label, nothing) for label in labels], axis=1)


def _compare(
    rows: Array, expected: SourceOutputs, result: Mapping[str, Array], texts: Sequence[str], gate: Gate, suffix: str
) -> _Run:
    comparisons, failures = [], []
    for name, values in result.items():
        is_head = is_head_output(name)
        source = expected.probabilities if is_head else expected.features.get(name)
        if source is None:
            continue
        # Features in units of the source's norm, so that one tolerance means the same for each of them.
        units = units_of(name, source) if is_head else _norms(source[rows])
        requested, values = source[rows] / units, values / units
        comparisons.append(comparison_of(f"{name}{suffix}", requested, values))
        for i in _beyond(name, requested, values, gate):
            difference = f"differs by {np.abs(requested[i] - values[i]).max():.2e}"
            failures.append(Failure(int(rows[i]), f"{name}{suffix}", difference, texts[rows[i]]))
    return _Run(comparisons, failures)


def _norms(vectors: Array) -> Array:
    norms: Array = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.maximum(norms, np.float32(1e-12))


def comparison_of(name: str, requested: Array, result: Array) -> Comparison:
    """The figures of one output, over all texts. Shape of both: ``(texts, columns)``."""
    difference = float(np.abs(requested - result).max(initial=0))
    if is_head_output(name):
        return Comparison(name, _rounded(difference), label_agreement=label_agreement(name, requested, result))
    cosines = cosine(requested, result)
    return Comparison(name, _rounded(difference), round(float(cosines.mean()), 9), round(float(cosines.min()), 9))


def cosine(a: Array, b: Array) -> Array:
    """Cosine of each row of ``a`` with the same row of ``b``, in float64. Shape: ``(rows,)``."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(invalid="ignore"):  # infinity gives NaN, which no gate lets pass
        norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
        return np.asarray((a * b).sum(1) / np.maximum(norms, 1e-300))


def _beyond(output: str, requested: Array, result: Array, gate: Gate) -> Array:
    """Rows that the gate refuses; what is not a number is refused too."""
    bad = ~(np.abs(requested - result).max(axis=1) <= gate.max_abs_difference)
    if is_head_output(output):
        bad |= has_another_label(output, requested, result, gate.label_margin)
    return np.flatnonzero(bad)


def _token_failures(tokens: Tokens, expected: SourceOutputs, texts: Sequence[str]) -> list[Failure]:
    """Texts that the bundle's tokenizer cuts into other tokens than the source's."""
    result = np.split(tokens.input_ids, tokens.starts[1:])
    return [
        Failure(row, "input_ids", f"{len(ids)} ids are not the source's {len(requested)}", texts[row])
        for row, (ids, requested) in enumerate(zip(result, expected.input_ids, strict=True))
        if ids.tolist() != list(requested)
    ]


def _rounded(difference: float) -> float:
    """Three significant digits: more would be noise."""
    return float(f"{difference:.3g}")
