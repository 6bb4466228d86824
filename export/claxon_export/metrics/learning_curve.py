"""How accuracy grows with labeled texts: heads fitted on more and more of the texts, evaluated on others of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from claxon.bundle.manifest import Feature, LabelValue
from claxon_export.metrics.results import CurvePoint, LearningCurve, spelled
from claxon_export.requirements import required

Array = np.ndarray[Any, Any]

DRAWS = 5
JUDGING_SHARE = 0.25
SMALLEST_PER_LABEL = 2
MAX_STEPS = 2000
MOST_LEARNT = 4096  # beyond, a fit takes a minute, and few curves still bend


def learning_curve(features: Array, labels: Sequence[LabelValue], feature: Feature, seed: int) -> LearningCurve | None:
    """Accuracy of LogisticRegression heads by the number of texts they learn from.

    A quarter of the texts, drawn label by label, evaluates the heads and is never trained on; five such draws are made.

    Args:
        features: Shape: ``(texts, width)``, float32.
        labels: One per text.
        feature: What ``features`` are.
        seed: Of the draws.

    Returns:
        ``None`` where there are too few texts of a label, or one label only.
    """
    targets = np.array([spelled(label) for label in labels])
    counts = Counter(targets.tolist())
    if len(counts) < 2 or min(counts.values()) < 4:
        return None
    selection = required("sklearn.model_selection")
    splits = selection.StratifiedShuffleSplit(n_splits=DRAWS, test_size=JUDGING_SHARE, random_state=seed)
    result: dict[int, list[float]] = {}
    # BLAS threads that wait for each other beside other work make small fits many times slower.
    with required("threadpoolctl").threadpool_limits(1, user_api="blas"):
        for learnt, judged in splits.split(features, targets):
            for size in curve_sizes(len(learnt), len(counts)):
                chosen = _first_rows(learnt, targets, size)
                result.setdefault(size, []).append(_accuracy(features, targets, chosen, judged))
    points = tuple(
        CurvePoint(size, float(np.mean(values)), min(values), max(values), len(values))
        for size, values in sorted(result.items())
    )
    source = f"fitted on these texts, {JUDGING_SHARE:.0%} of them held out to evaluate, {DRAWS} draws"
    return LearningCurve(feature, source, points)


def curve_sizes(texts: int, labels: int) -> list[int]:
    """Doubling from two per label up to all ``texts``, 4,096 at most; no step adds less than a quarter."""
    texts = min(texts, MOST_LEARNT)
    sizes = list(_doubling(SMALLEST_PER_LABEL * labels, texts))
    return [size for size in sizes if size * 1.25 <= texts] + [texts]


def _doubling(first: int, most: int) -> Iterator[int]:
    size = first
    while size < most:
        yield size
        size *= 2


def _first_rows(rows: Array, targets: Array, size: int) -> Array:
    """``size`` of the rows, one of each label first, so that no label is missing; then in the order drawn."""
    _, firsts = np.unique(targets[rows], return_index=True)
    others = np.setdiff1d(np.arange(len(rows)), firsts)
    return np.asarray(rows[np.concatenate([firsts, others])[:size]])


def _accuracy(features: Array, targets: Array, learnt: Array, judged: Array) -> float:
    linear_model = required("sklearn.linear_model")
    estimator = linear_model.LogisticRegression(max_iter=MAX_STEPS).fit(features[learnt], targets[learnt])
    return float(estimator.score(features[judged], targets[judged]))
