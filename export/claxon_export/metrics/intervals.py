"""Bootstrap percentile intervals (Efron and Tibshirani 1993, chapter 13), vectorised and seeded.

Texts are drawn with replacement from all texts, not label by label: how often each label occurs is itself a matter of
which texts were collected, and an interval that kept the shares fixed would be too narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from claxon_export.metrics.results import Estimate

Array = np.ndarray[Any, Any]

LEVEL = 0.95
# Numbers that are held at a time: 32 MB of float64.
NUMBERS_AT_A_TIME = 4 << 20


def percentile_interval(value: float, resampled: Array) -> Estimate:
    """``value`` with the middle 95 % of what resampling gave; resamples that gave NaN are left out.

    Args:
        value: The figure on the texts themselves.
        resampled: The same figure on each resample. Shape: ``(resamples,)``.
    """
    told = resampled[np.isfinite(resampled)]
    if not len(told):
        return Estimate(float(value))
    low, high = np.quantile(told, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(value), float(low), float(high))


def resampled_tables(table: Array, measure: Callable[[Array], Mapping[str, Array]], resamples: int, seed: int) -> Any:
    """Figures of a table of counts, on resamples of the texts that it counts.

    Drawing texts with replacement and counting them is one multinomial draw over the cells, whatever the number of
    texts.

    Args:
        table: Counts. Shape: any.
        measure: From tables of shape ``(resamples, *table.shape)`` to figures of shape ``(resamples,)`` by name.
        resamples: How many.
        seed: Of the draws.

    Returns:
        By name, shape ``(resamples,)``.
    """
    draws = np.random.default_rng(seed)
    filled = np.flatnonzero(table)
    shares = table.ravel()[filled] / table.sum()
    parts = []
    for size in _chunks(resamples, table.size):
        tables = np.zeros((size, table.size), np.int64)
        tables[:, filled] = draws.multinomial(int(table.sum()), shares, size=size)
        parts.append(measure(tables.reshape(size, *table.shape)))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def resampled_means(values: Array, resamples: int, seed: int) -> Array:
    """Means over resamples of ``values`` of shape ``(texts,)``. Shape: ``(resamples,)``."""
    draws = np.random.default_rng(seed)
    texts = len(values)
    return np.concatenate(
        [values[draws.integers(texts, size=(size, texts))].mean(axis=1) for size in _chunks(resamples, texts)]
    )


def _chunks(resamples: int, numbers: int) -> Iterator[int]:
    """Sizes that add up to ``resamples``, each of so many that memory stays bounded."""
    most = max(1, NUMBERS_AT_A_TIME // max(1, numbers))
    for start in range(0, resamples, most):
        yield min(most, resamples - start)
