"""Two heads on the same texts: McNemar's test (1947), and the difference of their accuracies."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np

from claxon_export.metrics.intervals import percentile_interval, resampled_tables
from claxon_export.metrics.results import Comparison
from claxon_export.requirements import required

Array = np.ndarray[Any, Any]

# With fewer texts on which one is right and the other wrong, chi-square is no good approximation (Dietterich 1998,
# and R's and statsmodels' documentation, say 25).
FEW_DISCORDANT = 25


class McNemar(StrEnum):
    """How the p-value was found."""

    EXACT = "exact binomial"
    CHI_SQUARE = "chi-square with continuity correction"


def compared(first: str, second: str, is_right: tuple[Array, Array], *, resamples: int, seed: int) -> Comparison:
    """Compare two classifiers.

    Args:
        first: Name of the one.
        second: Name of the other.
        is_right: Whether the one, and the other, labeled each text right. Shape of each: ``(texts,)``, bool.
        resamples: For the interval of the difference.
        seed: Of the resamples.
    """
    one, other = is_right
    only_first, only_second = int((one & ~other).sum()), int((~one & other).sum())
    table = np.array([only_first, only_second, len(one) - only_first - only_second])
    resampled = resampled_tables(table, _difference, resamples, seed)["difference"]
    test = chosen_test(only_first, only_second)
    return Comparison(
        first,
        second,
        only_first,
        only_second,
        percentile_interval(float(_difference(table)["difference"]), resampled),
        p_value(only_first, only_second),
        str(test),
    )


def chosen_test(only_first: int, only_second: int) -> McNemar:
    """Exact where few texts tell the two apart."""
    return McNemar.EXACT if only_first + only_second < FEW_DISCORDANT else McNemar.CHI_SQUARE


def p_value(only_first: int, only_second: int) -> float:
    """Two-sided probability of a split as uneven as this, if both were equally often right alone.

    Args:
        only_first: Texts that the first alone labels right.
        only_second: Texts that the second alone labels right.
    """
    discordant = only_first + only_second
    if not discordant:
        return 1.0
    stats = required("scipy.stats")
    if chosen_test(only_first, only_second) is McNemar.EXACT:
        return float(stats.binomtest(only_first, discordant, 0.5).pvalue)
    distance = max(0.0, abs(only_first - only_second) - 1.0)
    return float(stats.chi2.sf(distance**2 / discordant, df=1))


def _difference(tables: Array) -> dict[str, Array]:
    return {"difference": (tables[..., 0] - tables[..., 1]) / tables.sum(axis=-1)}
