"""Accuracy by the number of texts that were trained on."""

from __future__ import annotations

import numpy as np
import pytest

from claxon.bundle.manifest import Feature, LabelValue
from claxon_export.metrics.learning_curve import DRAWS, curve_sizes, learning_curve


def clouds(
    texts: int, spread: float = 1.2
) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float32]], list[LabelValue]]:
    draws = np.random.default_rng(0)
    columns = np.arange(texts) % 3
    centres = 2 * np.eye(3, 8)[columns]
    return (centres + spread * draws.normal(size=(texts, 8))).astype(np.float32), [f"label {i}" for i in columns]


def test_more_texts_bring_more() -> None:
    features, labels = clouds(240)
    curve = learning_curve(features, labels, Feature.MEAN, seed=0)
    assert curve is not None
    assert curve.points[-1].accuracy > curve.points[0].accuracy + 0.1
    assert [point.texts for point in curve.points] == [6, 12, 24, 48, 96, 180]
    assert all(point.low <= point.accuracy <= point.high and point.fits == DRAWS for point in curve.points)


def test_the_texts_that_judge_are_not_learnt_from() -> None:
    features = np.random.default_rng(0).normal(size=(200, 300)).astype(np.float32)
    labels = [i % 2 for i in range(200)]
    curve = learning_curve(features, labels, Feature.MEAN, seed=0)
    assert curve is not None
    assert curve.points[-1].accuracy < 0.65  # there is nothing to learn, and 300 columns would remember everything


def test_the_draws_have_a_seed() -> None:
    features, labels = clouds(60)
    first, again, other = (learning_curve(features, labels, Feature.MEAN, seed) for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("labels", [["a"] * 20, ["a"] * 17 + ["b"] * 3])
def test_too_few_texts_of_a_label_have_no_curve(labels: list[LabelValue]) -> None:
    assert learning_curve(np.zeros((20, 4), np.float32), labels, Feature.MEAN, seed=0) is None


@pytest.mark.parametrize(
    ("texts", "labels", "sizes"),
    [
        (100, 2, [4, 8, 16, 32, 64, 100]),
        (70, 2, [4, 8, 16, 32, 70]),
        (3, 2, [3]),
        (8, 2, [4, 8]),
        (10_000, 500, [1000, 2000, 4096]),
    ],
)
def test_sizes_double_up_to_all_texts(texts: int, labels: int, sizes: list[int]) -> None:
    assert curve_sizes(texts, labels) == sizes


def test_no_label_is_missing_from_the_smallest_size() -> None:
    features, _ = clouds(400)
    labels: list[LabelValue] = [*["rare"] * 4, *["common"] * 396]
    assert learning_curve(features, labels, Feature.MEAN, seed=0) is not None
