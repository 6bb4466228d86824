"""Samples -> the few numbers that stand for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Spread:
    """A median, and the quartiles around it."""

    median: float
    low: float
    high: float

    @property
    def relative_iqr(self) -> float:
        """The distance of the quartiles as a share of the median."""
        return (self.high - self.low) / self.median if self.median else 0.0


def spread(samples: Sequence[float]) -> Spread:
    """Median and quartiles of one or more samples."""
    low, median, high = np.percentile(np.asarray(samples, np.float64), [25, 50, 75])
    return Spread(float(median), float(low), float(high))


def rates(amount: float, seconds: Sequence[float]) -> Spread:
    """``amount`` a second: median and quartiles over rounds."""
    return spread([amount / each for each in seconds])


def percentile(samples: Sequence[float], share: float) -> float:
    """The value that ``share`` per cent of the samples do not exceed, interpolated."""
    return float(np.percentile(np.asarray(samples, np.float64), share))
