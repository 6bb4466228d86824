"""Labels that are nearly the same are named, with the cosine; others are not."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import claxon
from claxon.encoder.features import FloatMatrix
from claxon.heads.label_checks import BLOCK_ROWS, NEAR_DUPLICATE_COSINE, LabelWarning, alike, warn_of_likeness
from claxon.heads.label_sets import LabelSet


def vectors_with(cosine: float, count: int) -> FloatMatrix:
    """Orthogonal unit vectors, but for the first two, whose cosine is given."""
    vectors = np.eye(count, dtype=np.float32)
    vectors[1, :2] = cosine, np.sqrt(1 - cosine**2)
    return vectors


def test_phrasings_of_different_labels_that_are_near_are_named_with_their_cosine() -> None:
    labels = LabelSet.of({"bad": "It is bad.", "poor": ["It is poor.", "So poor."], "good": "good"})
    message = r"'It is bad\.' \(bad\) and 'It is poor\.' \(poor\): cosine 0\.970\. Say them differently"
    with pytest.warns(LabelWarning, match=rf"{message}, or make them one label$"):
        warn_of_likeness(labels, vectors_with(0.97, 4))


@pytest.mark.parametrize("cosine", [NEAR_DUPLICATE_COSINE - 0.001, 0.0])
def test_below_the_bound_nothing_is_said(cosine: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_likeness(LabelSet.of(["bad", "good"]), vectors_with(cosine, 2))


def test_phrasings_of_one_label_may_be_near() -> None:
    labels = LabelSet.of({"bad": ["It is bad.", "It is a bad one."], "good": "good"})
    assert list(alike(labels, vectors_with(0.99, 3))) == []


@pytest.mark.parametrize("second", ["it  is BAD. ", "It is\nbad."])
def test_phrasings_equal_but_for_case_and_spaces_are_named_whatever_their_cosine(second: str) -> None:
    for labels in ({"bad": ["It is bad.", second], "good": "x"}, {"bad": "It is bad.", "good": [second, "x"]}):
        with pytest.warns(LabelWarning, match="equal but for case and spaces"):
            warn_of_likeness(LabelSet.of(labels), vectors_with(0.1, 3))


def test_a_name_that_is_its_own_phrasing_stands_once() -> None:
    with pytest.warns(LabelWarning, match="apart: 'Good' and 'good': equal but for case and spaces"):
        warn_of_likeness(LabelSet.of(["Good", "good"]), vectors_with(0.5, 2))


def test_the_nearest_are_named_first_and_the_rest_counted() -> None:
    labels = LabelSet.of([f"label {i}" for i in range(5)])
    same = np.ones((5, 1), np.float32)
    with pytest.warns(LabelWarning, match="; and 7 more"):
        warn_of_likeness(labels, same)


def test_pairs_across_blocks_are_found() -> None:
    count = BLOCK_ROWS + 3
    vectors = np.random.default_rng(0).normal(size=(count, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[count - 1] = -vectors[0]
    names = [f"label {i}" for i in range(count)]
    found = {(pair.first, pair.second) for pair in alike(LabelSet.of(names), vectors)}
    cosines = np.triu(vectors @ vectors.T, 1)
    assert found == {(names[i], names[j]) for i, j in np.argwhere(cosines >= NEAR_DUPLICATE_COSINE)}
    assert ("label 0", names[-1]) not in found


def test_the_warning_stands_at_the_callers_line(encoder: claxon.Encoder) -> None:
    with pytest.warns(LabelWarning) as caught:
        claxon.Classifier.from_labels(encoder, ["Book", "book"])
    assert [warning.filename for warning in caught] == [__file__]
