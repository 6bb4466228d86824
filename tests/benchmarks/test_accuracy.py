from __future__ import annotations

import numpy as np
import pytest

from claxon_bench.accuracy import LABELS, classifier_outputs, compare, encoder_outputs, unit
from claxon_bench.results import Kind

RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(50, 8)).astype(np.float32)
LABEL_VECTORS = RNG.normal(size=(len(LABELS), 8)).astype(np.float32)


def test_equal_results_are_exact() -> None:
    outputs = encoder_outputs(VECTORS, LABEL_VECTORS)
    found = compare(outputs, outputs, name="x", kind=Kind.ENCODER)
    assert (found.texts, found.max_abs_difference, found.label_agreement) == (50, 0, 1)
    assert found.min_cosine == pytest.approx(1, abs=1e-12)


def test_one_wrong_text_is_the_worst() -> None:
    wrong = VECTORS.copy()
    wrong[7] *= -1
    reference, found = encoder_outputs(VECTORS, LABEL_VECTORS), encoder_outputs(wrong, LABEL_VECTORS)
    result = compare(found, reference, name="x", kind=Kind.ENCODER)
    assert result.min_cosine == pytest.approx(-1)
    assert result.mean_cosine == pytest.approx(1 - 2 / 50)
    assert result.label_agreement == 1 - 1 / 50


def test_length_of_a_vector_does_not_choose_its_label() -> None:
    labels = encoder_outputs(VECTORS, LABEL_VECTORS).labels
    assert (encoder_outputs(9 * VECTORS, LABEL_VECTORS * np.arange(1, 6)[:, None]).labels == labels).all()


def test_classifier_is_judged_by_probabilities() -> None:
    reference = classifier_outputs(np.array([[0.4, 0.6], [0.9, 0.1]], np.float32))
    found = classifier_outputs(np.array([[0.55, 0.45], [0.9, 0.1]], np.float32))
    result = compare(found, reference, name="x", kind=Kind.CLASSIFIER)
    assert result.mean_cosine is None
    assert result.min_cosine is None
    assert result.label_agreement == 0.5
    assert result.max_abs_difference == pytest.approx(0.15)


def test_zero_stays_zero() -> None:
    assert unit(np.zeros((1, 3), np.float32)).tolist() == [[0, 0, 0]]
