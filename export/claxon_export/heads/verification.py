"""A head against the estimator it was made from, on random features and on real ones."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.bundle.manifest import Comparison, Parity, ScoreKind
from claxon.engine.providers import CPU_PROVIDER, Device, EngineRequest
from claxon.engine.session import Session
from claxon.errors import EngineError
from claxon_export.errors import HeadError
from claxon_export.heads.comparison import NAMES, has_another_label, label_agreement, units_of
from claxon_export.heads.estimators import FittedClassifier
from claxon_export.heads.head_graph import FEATURES, SCORES, Array
from claxon_export.requirements import required

ROWS = 256
SEED = 20
TOLERANCE = 1e-5
# Where coefficients are float32, predict_proba of float32 features differs from its own answer to the same features
# in float64: by 9e-6 for 768 features and C=100. Up to this much, a head may be near the second instead of the first.
# What differs by more is ill-conditioned, and refused unless the head rounds as predict_proba does.
LARGEST_OWN_ROUNDING = 1e-4
# Labels may differ where the two largest probabilities are nearer to each other than this.
SMALLEST_MARGIN = 1e-4
# The estimator's own call for each kind of scores.
CALLS = {
    NAMES[ScoreKind.PROBABILITY]: "predict_proba",
    NAMES[ScoreKind.MULTI_LABEL]: "predict_proba",
    NAMES[ScoreKind.DECISION]: "decision_function",
    NAMES[ScoreKind.REGRESSION]: "predict",
}
# Norms of pooled features: 1 for sentence embeddings, up to about 20 for the states of BERT-like encoders.
LARGEST_NORM = 20.0


@dataclass(frozen=True, slots=True)
class Reference:
    """What an estimator answers. Shape of ``expected``: ``(rows, labels)``; ``source`` is for people."""

    source: str
    expected: Array


@dataclass(frozen=True, slots=True)
class VerifiedGraph:
    """A graph and how near it is."""

    graph: bytes
    parity: Parity


@dataclass(frozen=True, slots=True)
class Probe:
    """Features, and what the estimator makes of them.

    Attributes:
        rows: Random ones, then real ones. Shape: ``(rows, width)``, float32.
        references: What the estimator answers to the rows, then to the same rows in float64, the latter only where the
            two are no further apart than ``LARGEST_OWN_ROUNDING``.
        own_rounding: How far apart the two are.
        output: What the scores are called, which says how they are compared.
    """

    rows: Array
    references: tuple[Reference, ...]
    own_rounding: float
    output: str

    @classmethod
    def from_classifier(cls, fitted: FittedClassifier, vectors: Array | None = None) -> Probe:
        """The probe for an estimator; the same for the same estimator and the same real features.

        Args:
            fitted: The estimator.
            vectors: Real features. Shape: ``(texts, width)``, float32.

        Raises:
            HeadError: the estimator's own call fails.
        """
        rows = random_rows(fitted)
        if vectors is not None:
            rows = np.concatenate([rows, np.asarray(vectors, np.float32)])
        source = f"scikit-learn {required('sklearn').__version__}"
        rounded = Reference(source, _answers(fitted, rows))
        exact = Reference(f"{source}, given float64", _answers(fitted, rows.astype(np.float64)))
        output = NAMES[fitted.scores]
        own_rounding = _difference(output, rounded.expected, exact.expected)
        references = (rounded, exact) if own_rounding <= LARGEST_OWN_ROUNDING else (rounded,)
        return cls(rows, references, own_rounding, output)

    def verified(self, graphs: Sequence[bytes]) -> VerifiedGraph:
        """The nearest of the graphs, with the figures of its comparison.

        Raises:
            HeadError: every one differs from every reference by more than ``TOLERANCE``, or in a label where the
                margin is clear; the message gives the figure. Or ONNX Runtime runs none of them.
            MissingDependencyError: ONNX Runtime is not installed.
        """
        answers = [_scores(graph, self.rows) for graph in graphs]
        for reference in self.references:
            differences = [_difference(self.output, reference.expected, answer) for answer in answers]
            nearest = int(np.argmin(differences))
            if differences[nearest] <= TOLERANCE:
                comparison = self._comparison(reference.expected, answers[nearest])
                return VerifiedGraph(graphs[nearest], self._parity(reference.source, comparison))
        smallest = min(_difference(self.output, self.references[0].expected, answer) for answer in answers)
        call = CALLS[self.output]
        raise HeadError(
            f"the head's {self.output} differ from {call} by {smallest:.3g} on {self._rows_in_words()}; the limit "
            f"is {TOLERANCE:g}; {call} itself changes by {self.own_rounding:.3g} on float64 rows. "
            "Drop features that hardly vary, or fit with a smaller C"
        )

    def _rows_in_words(self) -> str:
        real = len(self.rows) - ROWS
        return f"{ROWS} random rows" + (f" and {real} texts" if real else "")

    def _comparison(self, expected: Array, result: Array) -> Comparison:
        """The figures; raises ``HeadError`` where a label differs although the margin is clear."""
        wrong = int(has_another_label(self.output, expected, result, SMALLEST_MARGIN).sum())
        if wrong:
            raise HeadError(f"the head's labels differ from the estimator's on {wrong} of {self._rows_in_words()}")
        agreement = label_agreement(self.output, expected, result)
        return Comparison(self.output, _difference(self.output, expected, result), label_agreement=agreement)

    def _parity(self, source: str, comparison: Comparison) -> Parity:
        digest = hashlib.sha256(self.rows.astype("<f4").tobytes()).hexdigest()
        return Parity(source, texts=len(self.rows), texts_sha256=digest, comparisons=(comparison,))


def _scores(graph: bytes, rows: Array) -> Array:
    try:
        session = Session(graph, {}, EngineRequest(Device.CPU, (CPU_PROVIDER,), threads=1))
        return session.run([SCORES], {FEATURES: rows})[0]
    except EngineError as error:
        raise HeadError(f"ONNX Runtime does not run the head's graph: {' '.join(str(error).split()):.300}") from error


def random_rows(fitted: FittedClassifier) -> Array:
    """Gaussian features, half of unit norm, half of other norms or spread as the first scaler has seen them.

    Returns:
        Shape: ``(ROWS, width)``, float32; the same for the same estimator.
    """
    random = np.random.default_rng(SEED)
    rows = random.normal(size=(ROWS, fitted.width))
    half = ROWS // 2
    rows[:half] /= np.linalg.norm(rows[:half], axis=1, keepdims=True)
    spread = _spread(fitted.scalers[0]) if fitted.scalers else None
    if spread is not None:
        rows[half:] = spread.centre + spread.deviation * rows[half:]
    else:
        rows[half:] *= random.uniform(0, LARGEST_NORM, size=(half, 1)) / np.sqrt(fitted.width)
    return rows.astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Spread:
    centre: Array
    deviation: Array


def _spread(scaler: Any) -> _Spread | None:
    """Where a scaler's training features lay; ``None`` where it does not say."""
    if getattr(scaler, "data_min_", None) is not None:
        return _Spread((scaler.data_min_ + scaler.data_max_) / 2, scaler.data_range_ / 4)
    if getattr(scaler, "mean_", None) is not None and getattr(scaler, "scale_", None) is not None:
        return _Spread(scaler.mean_, scaler.scale_)
    return None


def _difference(output: str, expected: Array, result: Array) -> float:
    """The largest, in the output's units; infinite where one is none, or the shapes differ."""
    if expected.shape != result.shape:
        return float("inf")
    difference = np.max(np.abs(expected - result)) / units_of(output, expected)
    return float(difference) if np.isfinite(difference) else float("inf")


def _answers(fitted: FittedClassifier, rows: Array) -> Array:
    """What the estimator says. Shape: ``(rows, labels)``.

    Raises:
        HeadError: its own call fails.
    """
    call = CALLS[NAMES[fitted.scores]]
    try:
        with warnings.catch_warnings():
            # Fitted on a data frame: the names of its columns mean nothing to a head.
            warnings.filterwarnings("ignore", message="X does not have valid feature names")
            found = getattr(fitted.estimator, call)(rows)
    except (AttributeError, TypeError, ValueError) as error:
        raise HeadError(
            f"the estimator's {call} fails ({error}); "
            f"was it saved by another version of scikit-learn than {required('sklearn').__version__}?"
        ) from error
    if isinstance(found, list):  # of several outputs, each its two probabilities, or the only one that it knows
        found = np.stack([part[:, 1] if part.shape[1] > 1 else 1 - part[:, 0] for part in found], axis=1)
    answers = np.asarray(found)
    if fitted.scores is ScoreKind.DECISION and answers.ndim == 1:
        return np.stack([-answers, answers], axis=1)
    answers = answers.reshape(len(rows), -1)
    if fitted.scores is ScoreKind.REGRESSION and answers.shape[1] > 1:
        raise HeadError(
            f"{fitted.steps[-1]}, which gives {answers.shape[1]} numbers, expected one; make a head of each"
        )
    return answers
