"""A logistic head against the estimator it was made from, on random features."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.bundle.manifest import Comparison, Parity
from claxon.engine.providers import CPU_PROVIDER, Device, EngineRequest
from claxon.engine.session import Session
from claxon_export.errors import HeadError
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
# Norms of pooled features: 1 for sentence embeddings, up to about 20 for the states of BERT-like encoders.
LARGEST_NORM = 20.0


@dataclass(frozen=True, slots=True)
class Reference:
    """What an estimator answers. Shape of ``expected``: ``(ROWS, labels)``; ``source`` is for people."""

    source: str
    expected: Array


@dataclass(frozen=True, slots=True)
class VerifiedGraph:
    """A graph and how near it is."""

    graph: bytes
    parity: Parity


@dataclass(frozen=True, slots=True)
class Probe:
    """Random features, and what the estimator makes of them.

    Attributes:
        rows: Shape: ``(ROWS, width)``, float32.
        references: ``predict_proba`` of the rows, then of the same rows in float64, the latter only where the two are
            no further apart than ``LARGEST_OWN_ROUNDING``.
        own_rounding: How far apart the two are.
    """

    rows: Array
    references: tuple[Reference, ...]
    own_rounding: float

    @classmethod
    def from_classifier(cls, fitted: FittedClassifier) -> Probe:
        """The probe for an estimator; the same for the same estimator.

        Raises:
            HeadError: ``predict_proba`` fails.
        """
        rows = random_rows(fitted)
        source = f"scikit-learn {required('sklearn').__version__}"
        rounded = Reference(source, _probabilities(fitted.estimator, rows))
        exact = Reference(f"{source}, given float64", _probabilities(fitted.estimator, rows.astype(np.float64)))
        own_rounding = _difference(rounded.expected, exact.expected)
        references = (rounded, exact) if own_rounding <= LARGEST_OWN_ROUNDING else (rounded,)
        return cls(rows, references, own_rounding)

    def verified(self, graphs: Sequence[bytes]) -> VerifiedGraph:
        """The nearest of the graphs, with the figures of its comparison.

        Raises:
            HeadError: every one differs from every reference by more than ``TOLERANCE``, or in a label where the
                margin is clear; the message gives the figure.
            MissingDependencyError: ONNX Runtime is not installed.
        """
        answers = [_scores(graph, self.rows) for graph in graphs]
        for reference in self.references:
            differences = [_difference(reference.expected, answer) for answer in answers]
            nearest = int(np.argmin(differences))
            if differences[nearest] <= TOLERANCE:
                comparison = _comparison(reference.expected, answers[nearest])
                return VerifiedGraph(graphs[nearest], self._parity(reference.source, comparison))
        smallest = min(_difference(self.references[0].expected, answer) for answer in answers)
        raise HeadError(
            f"the head's probabilities differ from predict_proba by {smallest:.3g} on {ROWS} random rows; the limit "
            f"is {TOLERANCE:g}; predict_proba itself changes by {self.own_rounding:.3g} on float64 rows. "
            "Drop features that hardly vary, or fit with a smaller C"
        )

    def _parity(self, source: str, comparison: Comparison) -> Parity:
        digest = hashlib.sha256(self.rows.astype("<f4").tobytes()).hexdigest()
        return Parity(source, texts=len(self.rows), texts_sha256=digest, comparisons=(comparison,))


def _comparison(expected: Array, result: Array) -> Comparison:
    """The figures; raises ``HeadError`` where a label differs although the margin is clear."""
    same = expected.argmax(axis=1) == result.argmax(axis=1)
    second, first = np.sort(expected, axis=1)[:, -2:].T
    wrong = int(np.sum(~same & (first - second > SMALLEST_MARGIN)))
    if wrong:
        raise HeadError(f"the head's labels differ from the estimator's on {wrong} of {ROWS} random rows")
    return Comparison("probabilities", _difference(expected, result), label_agreement=float(np.mean(same)))


def _scores(graph: bytes, rows: Array) -> Array:
    session = Session(graph, {}, EngineRequest(Device.CPU, (CPU_PROVIDER,), threads=1))
    return session.run([SCORES], {FEATURES: rows})[0]


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


def _difference(expected: Array, result: Array) -> float:
    difference = np.max(np.abs(expected - result))
    return float(difference) if np.isfinite(difference) else float("inf")


def _probabilities(estimator: Any, rows: Array) -> Array:
    try:
        with warnings.catch_warnings():
            # Fitted on a data frame: the names of its columns mean nothing to a head.
            warnings.filterwarnings("ignore", message="X does not have valid feature names")
            return np.asarray(estimator.predict_proba(rows))
    except (AttributeError, TypeError, ValueError) as error:
        raise HeadError(
            f"the estimator's predict_proba fails ({error}); "
            f"was it saved by another version of scikit-learn than {required('sklearn').__version__}?"
        ) from error
