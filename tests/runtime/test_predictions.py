"""What one call finds out: cosines whatever the temperature, and rows of which some are no texts."""

from __future__ import annotations

from typing import get_type_hints

import numpy as np
import pytest

from claxon.classifier import Classifier, PredictOptions
from claxon.predictions import Predictions, without_failed
from claxon.text.inputs import FailedRow
from tests.texts import TEXTS


def test_a_similarity_head_gives_its_cosines_beside_probabilities(topic: Classifier) -> None:
    warm = Classifier.from_labels(topic.encoder, ["book", "phone", "food"], temperature=0.1)
    found = warm.predictions(TEXTS)
    assert found.cosines is not None
    np.testing.assert_allclose(found.cosines, topic.similarity(TEXTS), atol=1e-5)
    np.testing.assert_allclose(found.scores.sum(axis=1), 1, atol=1e-6)


def test_without_a_temperature_the_scores_are_the_cosines(topic: Classifier) -> None:
    found = topic.predictions(TEXTS)
    assert found.cosines is found.scores


def test_other_heads_have_none(classifier: Classifier) -> None:
    assert classifier.predictions(TEXTS).cosines is None


def test_the_options_are_those_of_predict() -> None:
    assert {"threshold", "margin", "batch_size", "on_truncation"} <= get_type_hints(PredictOptions).keys()


ROWS = ["great book", None, "awful film", 3]


def test_the_rows_that_failed_have_no_label_and_no_score() -> None:
    scores = np.array([[0.2, 0.8], [0.9, 0.1]], np.float32)
    whole = Predictions(np.array(["b", "a"]), scores, np.array([3, 4]), np.array([False, False]))
    failed = (FailedRow(1, "is no text"),)
    found = without_failed(whole, failed)
    assert found.labels.tolist() == ["b", None]
    assert np.isnan(found.scores[1]).all()
    np.testing.assert_array_equal(found.scores[0], scores[0])
    assert (found.errors, whole.errors) == (failed, ())
    assert whole.labels.tolist() == ["b", "a"]


def test_labels_are_objects_where_a_row_may_fail_although_none_did() -> None:
    scores = np.ones((1, 2), np.float32)
    found = without_failed(Predictions(np.array(["b"]), scores, np.array([3]), np.array([False])), ())
    assert found.labels.dtype == object
    assert (found.labels.tolist(), found.errors) == (["b"], ())
    np.testing.assert_array_equal(found.scores, scores)


def test_the_kind_of_labels_depends_on_what_is_asked_for_alone(several: Classifier) -> None:
    for texts in (TEXTS, []):
        assert {labels.dtype.kind for labels in several.predict_all(texts).values()} == {"U"}
        recorded = several.predict_all(texts, errors="record")
        assert {labels.dtype for labels in recorded.values()} == {np.dtype(object)}


@pytest.mark.parametrize("head", ["sentiment", "topic"])
def test_every_call_serves_the_others(head: str, several: Classifier) -> None:
    classifier = Classifier(several.encoder, several.heads, head)
    texts = ["great book", "awful film"]
    expected = classifier.predictions(texts)
    found = classifier.predictions(ROWS, errors="record")  # type: ignore[arg-type]
    assert found.labels[[0, 2]].tolist() == expected.labels.tolist()
    assert found.labels[[1, 3]].tolist() == [None, None]
    np.testing.assert_allclose(found.scores[[0, 2]], expected.scores, atol=1e-6)
    assert np.isnan(found.scores[[1, 3]]).all()
    assert found.cosines is None or np.isnan(found.cosines[[1, 3]]).all()
    assert [failure.row for failure in found.errors] == [1, 3]
    assert classifier.predict(ROWS, errors="record").tolist() == found.labels.tolist()  # type: ignore[arg-type]
    ranked = classifier.classify(ROWS, errors="record", top_k=None)  # type: ignore[arg-type]
    assert [len(labels) for labels in ranked] == [len(classifier.labels), 0] * 2
    for name, predictions in classifier.predictions_all(ROWS, errors="record").items():  # type: ignore[arg-type]
        assert predictions.labels[1] is None, name
