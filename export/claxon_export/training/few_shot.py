"""How many labels a task needs: accuracy on the same held-out rows, trained on more and more rows of each label."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from claxon_export.metrics.scores import Interval
from claxon_export.training.rows import TrainingRows
from claxon_export.training.solver import FeatureMetric, Solution, probabilities, solve
from claxon_export.training.splits import draw

Array = np.ndarray[Any, Any]

DRAWS = 5
# A point of accuracy: what is nearer than this to the accuracy of all rows has got there.
NEAR = 0.01


@dataclass(frozen=True, slots=True)
class FewShotPoint:
    """One number of labels per class.

    Attributes:
        per_label: Rows of each label, or all that a label has; ``None`` for all training rows.
        n_texts: Rows trained on.
        draws: How often rows were drawn.
        accuracy: The mean over the draws, of the same held-out rows.
        deviation: The standard deviation over the draws; 0 for one.
        spread: The least and the greatest.
    """

    per_label: int | None
    n_texts: int
    draws: int
    accuracy: float
    deviation: float
    spread: Interval


@dataclass(frozen=True, slots=True)
class FewShotCurve:
    """Points, all training rows last, and what they mean in one sentence."""

    points: tuple[FewShotPoint, ...]
    conclusion: str


def curve_sizes(requested: int | Sequence[int], counts: Array) -> list[int]:
    """Labels a class: the powers of two up to a number, and the number; or those asked for.

    Sizes that no label has are left out: they are the same as all rows.
    """
    if isinstance(requested, int):
        powers = [1 << power for power in range(requested.bit_length())]
        sizes = sorted({*powers, requested})
    else:
        sizes = sorted(set(requested))
    return [size for size in sizes if size < counts.max()]


def learning_curve(
    features: Array,
    training: TrainingRows,
    test: Array,
    whole: Solution,
    strength: float,
    requested: int | Sequence[int],
) -> FewShotCurve:
    """Fit on few rows, several times, and evaluate on the held-out ones.

    Args:
        features: Of all rows. Shape: ``(rows, width)``.
        training: The rows to draw from.
        test: The held-out rows.
        whole: The solution fitted on all training rows.
        strength: ``C``, the same for all sizes.
        requested: Labels a class, see ``curve_sizes``.
    """
    problem, metric = training.problem(features), FeatureMetric.from_features(features)
    targets, judged = training.targets[training.rows], features[test]

    def accuracy(solution: Solution) -> float:
        result = probabilities(solution.logits(judged)).argmax(axis=1)
        return float((result == training.targets[test]).mean())

    def drawn(size: int, number: int) -> float:
        rows = training.rows[draw(targets, size, training.seed + number)]
        few = replace(training, rows=rows).problem(features).copied(rows)
        return accuracy(solve(few, metric, strength, training.max_steps))

    sizes = curve_sizes(requested, np.bincount(targets, minlength=problem.n_labels))
    with ThreadPoolExecutor(training.threads) as pool:
        result = {size: list(pool.map(lambda number, n=size: drawn(n, number), range(DRAWS))) for size in sizes}
    points = [_point(size, len(draw(targets, size, training.seed)), result[size]) for size in sizes]
    every = _point(None, len(training.rows), [accuracy(whole)])
    return FewShotCurve((*points, every), conclusion(points, every))


def conclusion(points: Sequence[FewShotPoint], every: FewShotPoint) -> str:
    """What a curve says about the labels that are needed."""
    enough = next((point for point in points if point.accuracy >= every.accuracy - NEAR), None)
    if enough is not None:
        return (
            f"{enough.per_label:,} labels per class ({enough.n_texts:,} texts) come within a point of all "
            f"{every.n_texts:,} texts, {enough.accuracy:.3f} of {every.accuracy:.3f}; more labels will hardly help"
        )
    if not points:
        return "every label has too few texts for a learning curve; label more texts"
    last = points[-1]
    few, gap = f"{last.per_label:,} labels per class ({last.n_texts:,} texts)", every.accuracy - last.accuracy
    if gap <= last.deviation:
        return (
            f"{few} come within {gap:.3f} of all {every.n_texts:,} texts, less than the spread of the draws; hold "
            "out more texts to see whether more labels help"
        )
    return (
        f"from {few} to all {every.n_texts:,} texts the accuracy still grows by {gap:.3f}; more labels are likely to "
        "help"
    )


def _point(per_label: int | None, n_texts: int, result: Sequence[float]) -> FewShotPoint:
    deviation = float(np.std(result, ddof=1)) if len(result) > 1 else 0.0
    spread = Interval(min(result), max(result))
    return FewShotPoint(per_label, n_texts, len(result), float(np.mean(result)), deviation, spread)
