"""Are probabilities calibrated? Bins of confidence, and the expected calibration error.

Guo, Pleiss, Sun and Weinberger 2017, "On Calibration of Modern Neural Networks", section 2: texts are put into 15 bins
of equal width by the probability of their best label, ``((m - 1) / 15, m / 15]``; the error is the difference between
a bin's accuracy and its mean confidence, weighted by the bin's share of the texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from claxon_export.metrics.results import ReliabilityBin, ScoreHistogram

Array = np.ndarray[Any, Any]

BINS = 15
HISTOGRAM_BINS = 24


def reliability_bins(confidence: Array, is_right: Array, bins: int = BINS) -> tuple[ReliabilityBin, ...]:
    """Texts by the probability of their best label.

    Args:
        confidence: That probability. Shape: ``(texts,)``.
        is_right: Whether that label is the truth. Shape: ``(texts,)``, bool.
        bins: Of equal width, from 0 to 1.
    """
    exact = confidence.astype(np.float64)
    # float32 may lie a rounding error above 1
    place = np.clip(np.ceil(exact * bins).astype(np.int64) - 1, 0, bins - 1)
    texts = np.bincount(place, minlength=bins)
    confident = np.bincount(place, weights=exact, minlength=bins)
    right = np.bincount(place, weights=is_right, minlength=bins)
    return tuple(
        ReliabilityBin(
            low=i / bins,
            high=(i + 1) / bins,
            texts=int(texts[i]),
            confidence=float(confident[i] / texts[i]) if texts[i] else None,
            accuracy=float(right[i] / texts[i]) if texts[i] else None,
        )
        for i in range(bins)
    )


def calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """The expected calibration error, 0 to 1.

    It has no bootstrap interval: resampling adds noise to every bin, the error takes absolute values, and so a
    resample's error is larger than the texts' own more often than not.
    """
    texts = sum(result.texts for result in bins)
    gaps = (
        result.texts * abs(result.accuracy - result.confidence)
        for result in bins
        if result.accuracy is not None and result.confidence is not None
    )
    return sum(gaps) / texts


def score_histogram(best: Array, is_right: Array, *, is_probability: bool) -> ScoreHistogram:
    """Best scores of the texts labeled right and of those labeled wrong, in bins of equal width.

    Args:
        best: The best score of each text. Shape: ``(texts,)``.
        is_right: Whether its label is the truth. Shape: ``(texts,)``, bool.
        is_probability: Bins end at 1 then; cosines end where they end.
    """
    low, high = float(best.min()), 1.0 if is_probability else float(best.max())
    if high - low < 1e-6:  # one score for all texts still needs a bin of some width
        low, high = low - 0.05, high if is_probability else high + 0.05
    edges = np.linspace(low, max(high, float(best.max())), HISTOGRAM_BINS + 1)
    right, wrong = (np.histogram(best[chosen], edges)[0] for chosen in (is_right, ~is_right))
    return ScoreHistogram(tuple(edges.tolist()), tuple(right.tolist()), tuple(wrong.tolist()))
