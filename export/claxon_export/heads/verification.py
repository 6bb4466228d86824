"""A logistic head against the estimator it was made from, on random features."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.manifest import Comparison, Parity
from claxon.providers import CPU_PROVIDER, Device, EngineRequest
from claxon.session import Session
from claxon_export.errors import HeadError
from claxon_export.heads.estimators import FittedClassifier, required
from claxon_export.heads.head_graph import FEATURES, SCORES, Array

ROWS = 256
SEED = 20
TOLERANCE = 1e-5
# predict_proba of float32 features moves by this much from its own answer to the same features in float64 where its
# coefficients are float32: 9e-6 were seen for 768 features and C=100. A head cannot be nearer to it than it is to
# itself. What moves further is ill-conditioned, and refused unless the head moves along.
LARGEST_OWN_ROUNDING = 1e-4
# Labels may differ where the two largest probabilities are nearer to each other than this.
SMALLEST_MARGIN = 1e-4
# Norms of pooled features: 1 for sentence embeddings, up to about 20 for the states of BERT-like encoders.
LARGEST_NORM = 20.0


@dataclass(frozen=True, slots=True)
class Probe:
    """Random features, and what the estimator makes of them.

    Attributes:
        rows: Shape: ``(ROWS, width)``, float32.
        expected: ``predict_proba`` of the rows; of the same rows in float64 where its own rounding would take up
            half of the tolerance or more, and no more than ``LARGEST_OWN_ROUNDING``. Shape: ``(ROWS, labels)``.
        source: What ``expected`` comes from, for people.
        own_rounding: How far ``predict_proba`` moves from float32 to float64.
    """

    rows: Array
    expected: Array
    source: str
    own_rounding: float

    @classmethod
    def of(cls, fitted: FittedClassifier) -> Probe:
        """The probe for an estimator; the same for the same estimator.

        Raises:
            HeadError: ``predict_proba`` fails.
        """
        rows = random_rows(fitted)
        rounded = _probabilities(fitted.estimator, rows)
        exact = _probabilities(fitted.estimator, rows.astype(np.float64))
        own_rounding = _difference(rounded, exact)
        source = f"scikit-learn {required('sklearn').__version__}"
        if TOLERANCE / 2 <= own_rounding <= LARGEST_OWN_ROUNDING:
            return cls(rows, exact, f"{source}, given float64", own_rounding)
        return cls(rows, rounded, source, own_rounding)

    def difference(self, graph: bytes) -> float:
        """The largest absolute difference of a probability; infinite where the graph gives NaN."""
        return _difference(self.expected, self._scores(graph))

    def parity(self, graph: bytes) -> Parity:
        """The figures of the comparison.

        Raises:
            HeadError: a probability differs by more than ``TOLERANCE``, or a label where the margin is clear.
            MissingDependencyError: ONNX Runtime is not installed.
        """
        return Parity(
            source=self.source,
            texts=len(self.rows),
            texts_sha256=hashlib.sha256(self.rows.astype("<f4").tobytes()).hexdigest(),
            comparisons=(self._comparison(self._scores(graph)),),
        )

    def _comparison(self, found: Array) -> Comparison:
        difference = _difference(self.expected, found)
        if difference > TOLERANCE:
            raise HeadError(
                f"the head's probabilities are off those of predict_proba by {difference:.3g} "
                f"on {ROWS} random rows, allowed is {TOLERANCE:g}; predict_proba itself moves by "
                f"{self.own_rounding:.3g} when they are float64. "
                "Drop features that hardly vary, or fit with a smaller C"
            )
        same = self.expected.argmax(axis=1) == found.argmax(axis=1)
        second, first = np.sort(self.expected, axis=1)[:, -2:].T
        wrong = int(np.sum(~same & (first - second > SMALLEST_MARGIN)))
        if wrong:
            raise HeadError(f"the head's labels differ from the estimator's on {wrong} of {ROWS} random rows")
        return Comparison("probabilities", difference, label_agreement=float(np.mean(same)))

    def _scores(self, graph: bytes) -> Array:
        session = Session(graph, {}, EngineRequest(Device.CPU, (CPU_PROVIDER,), threads=1))
        return session.run([SCORES], {FEATURES: self.rows})[0]


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


def _difference(expected: Array, found: Array) -> float:
    difference = np.max(np.abs(expected - found))
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
