"""The learning curve: its sizes, its points, and what it concludes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from claxon_export.metrics.scores import Interval
from claxon_export.training.few_shot import DRAWS, FewShotPoint, conclusion, curve_sizes, learning_curve
from claxon_export.training.rows import TrainingRows
from claxon_export.training.solver import FeatureMetric, solve

RANDOM = np.random.default_rng(0)
TARGETS = RANDOM.integers(0, 2, 400)
FEATURES = (TARGETS[:, None] + 1.5 * RANDOM.normal(size=(400, 6))).astype(np.float32)


@pytest.mark.parametrize(
    ("requested", "most", "sizes"),
    [
        (1, 100, [1]),
        (8, 100, [1, 2, 4, 8]),
        (10, 100, [1, 2, 4, 8, 10]),
        (64, 20, [1, 2, 4, 8, 16]),
        ([50, 5, 5], 100, [5, 50]),
        ([5, 100], 100, [5]),
        (4, 1, []),
    ],
)
def test_sizes(requested: Any, most: int, sizes: list[int]) -> None:
    assert curve_sizes(requested, np.array([most, 1])) == sizes


def test_accuracy_grows_with_labels() -> None:
    training = TrainingRows(
        np.arange(300), TARGETS, np.arange(400), 2, is_weighted=False, max_steps=1000, threads=2, seed=0
    )
    whole = solve(training.problem(FEATURES), FeatureMetric.from_features(FEATURES), 1.0, 1000)
    curve = learning_curve(FEATURES, training, np.arange(300, 400), whole, 1.0, [1, 16, 64])
    one, some, many, every = curve.points
    assert [point.n_texts for point in curve.points] == [2, 32, 128, 300]
    assert [point.draws for point in curve.points] == [DRAWS, DRAWS, DRAWS, 1]
    assert one.accuracy < some.accuracy < every.accuracy + 0.05
    assert one.spread.low <= one.accuracy <= one.spread.high
    assert one.deviation > many.deviation > every.deviation == 0
    assert (every.per_label, every.spread) == (None, Interval(every.accuracy, every.accuracy))
    again = learning_curve(FEATURES, training, np.arange(300, 400), whole, 1.0, [1, 16, 64])
    assert again == curve


def point(per_label: int | None, accuracy: float) -> FewShotPoint:
    return FewShotPoint(per_label, 2 * (per_label or 500), 5, accuracy, 0.0, Interval(accuracy, accuracy))


def test_enough_labels_are_called_enough() -> None:
    result = conclusion([point(8, 0.7), point(16, 0.795), point(32, 0.8)], point(None, 0.8))
    assert result.startswith("16 labels per class (32 texts) come within a point of all 1,000 texts, 0.795 of 0.800")


def test_a_curve_that_rises_asks_for_more() -> None:
    result = conclusion([point(8, 0.6), point(16, 0.7)], point(None, 0.8))
    assert "from 16 labels per class (32 texts) to all 1,000 texts the accuracy still grows by 0.100" in result


def test_a_difference_within_the_draws_is_not_called_growth() -> None:
    uncertain = FewShotPoint(16, 32, 5, 0.77, 0.04, Interval(0.7, 0.8))
    assert "come within 0.030 of all 1,000 texts, less than the spread of the draws" in conclusion(
        [uncertain], point(None, 0.8)
    )


def test_no_points_say_why() -> None:
    assert "too few texts for a learning curve" in conclusion([], point(None, 0.8))
