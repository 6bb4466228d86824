"""Bins of confidence and the expected calibration error, against examples worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from claxon_export.metrics.calibration import BINS, calibration_error, reliability_bins, score_histogram


def test_error_of_an_example_worked_by_hand() -> None:
    confidence = np.array([0.95, 0.95, 0.55, 0.55], np.float32)
    bins = reliability_bins(confidence, np.array([True, False, True, False]), bins=10)
    # half of the texts are 0.45 too sure, half 0.05
    assert calibration_error(bins) == pytest.approx(0.5 * 0.45 + 0.5 * 0.05, abs=1e-6)


def test_probabilities_that_mean_what_they_say_have_a_small_error() -> None:
    draws = np.random.default_rng(0)
    confidence = draws.uniform(0.5, 1, 100_000)
    assert calibration_error(reliability_bins(confidence, draws.uniform(size=100_000) < confidence)) < 0.01


def test_bins_are_of_equal_width_and_hold_every_text_once() -> None:
    confidence = np.random.default_rng(0).uniform(size=500)
    bins = reliability_bins(confidence, confidence > 0.5)
    assert len(bins) == BINS == 15
    assert [result.high - result.low for result in bins] == pytest.approx([1 / 15] * 15)
    assert sum(result.texts for result in bins) == 500


@pytest.mark.parametrize(("confidence", "place"), [(0.0, 0), (0.1, 0), (0.1001, 1), (1.0, 9), (1.0000001, 9)])
def test_a_bin_ends_with_its_upper_edge(confidence: float, place: int) -> None:
    bins = reliability_bins(np.array([confidence]), np.array([True]), bins=10)
    assert [result.texts for result in bins].index(1) == place


def test_a_bin_without_texts_has_no_means() -> None:
    empty = reliability_bins(np.array([0.99]), np.array([True]))[0]
    assert (empty.texts, empty.confidence, empty.accuracy) == (0, None, None)


@pytest.mark.parametrize("is_probability", [True, False])
def test_histogram_counts_every_text_on_its_side(is_probability: bool) -> None:
    best = np.array([0.2, 0.4, 0.4, 0.9], np.float32)
    result = score_histogram(best, np.array([True, False, True, True]), is_probability=is_probability)
    assert (sum(result.right), sum(result.wrong)) == (3, 1)
    assert len(result.edges) == len(result.right) + 1 == len(result.wrong) + 1
    assert result.edges[-1] == pytest.approx(1.0 if is_probability else 0.9)


@pytest.mark.parametrize("score", [0.0, 0.5, 1.0, 1.0000001])
@pytest.mark.parametrize("is_probability", [True, False])
def test_one_score_for_all_texts_still_has_bins(score: float, is_probability: bool) -> None:
    best = np.full(3, score, np.float32)
    result = score_histogram(best, np.array([True, False, True]), is_probability=is_probability)
    assert (sum(result.right), sum(result.wrong)) == (2, 1)
    assert all(low < high for low, high in zip(result.edges, result.edges[1:], strict=False))
