"""What one call finds out: cosines whatever the temperature, and rows of which some are no texts."""

from __future__ import annotations

import builtins
import json
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest

import claxon
from claxon.classifier import Classifier
from claxon.errors import MissingDependencyError
from claxon.heads.decision import Label
from claxon.heads.predict_options import PredictOptions
from claxon.predictions import LabelList, Predictions, Rankings, without_failed
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


# The forms that an app takes.


def test_records_and_columns_are_plain_json(classifier: Classifier) -> None:
    found = classifier.predictions(TEXTS[:3])
    records = json.loads(json.dumps(found.to_records(all_scores=True)))
    assert list(records[0]) == ["label", "score", "score_negative", "score_positive", "n_tokens", "truncated"]
    assert [record["label"] for record in records] == found.labels.tolist()
    np.testing.assert_allclose([record["score"] for record in records], found.scores.max(axis=1))
    assert found.to_dict()["n_tokens"] == found.n_tokens.tolist()
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()


def test_rows_that_failed_say_why(classifier: Classifier) -> None:
    records = classifier.predictions(ROWS, errors="record").to_records()  # type: ignore[arg-type]
    assert [record["label"] is None for record in records] == [False, True, False, True]
    assert (records[1]["score"], records[0]["error"]) == (None, None)
    assert records[1]["error"] == "has no text"


def test_records_of_several_labels_and_of_numbers(bundle_of_kinds: Path) -> None:
    tags = claxon.load(bundle_of_kinds, "tags", threads=1).predictions(ROWS, errors="record")  # type: ignore[arg-type]
    for record, labels in zip(tags.to_records(), tags.labels.tolist(), strict=True):
        assert record["label"] == (None if labels is None else list(labels))
        assert labels is None or len(record["score"]) == len(labels)
    assert json.loads(json.dumps(tags.to_records())) == tags.to_records()
    stars = claxon.load(bundle_of_kinds, "stars", threads=1).predictions(ROWS, errors="record")  # type: ignore[arg-type]
    assert list(stars.to_dict()) == ["score", "n_tokens", "truncated", "error"]
    assert [score is None for score in stars.to_dict()["score"]] == [False, True, False, True]
    np.testing.assert_allclose(stars.to_dict()["score"][0], stars.labels[0])


def test_a_data_frame_has_a_row_for_each_text(classifier: Classifier) -> None:
    pytest.importorskip("pandas", reason="pandas is not installed")
    found = classifier.predictions(TEXTS[:3])
    assert found.to_pandas().to_dict("list") == found.to_dict()
    ranked = classifier.classify(TEXTS[:3], top_k=2)
    assert ranked.to_pandas().to_dict("list") == ranked.to_dict()
    assert list(ranked[0].to_pandas().columns) == ["label", "score"]


def test_pandas_is_asked_for_by_name(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *given: Any, **options: Any) -> Any:
        if name.partition(".")[0] == "pandas":
            raise ImportError(name)
        return real(name, *given, **options)

    monkeypatch.setattr("claxon.predictions.import_module", lambda name: without(name))
    with pytest.raises(MissingDependencyError, match=r"to_pandas needs pandas.*use to_dict"):
        classifier.predictions(TEXTS).to_pandas()


def test_labels_are_pairs() -> None:
    one = Label("good", 0.75)
    name, score = one
    assert (name, score, one[0], one == ("good", 0.75)) == ("good", 0.75, "good", True)
    assert json.dumps([one]) == '[["good", 0.75]]'
    assert sorted([one, Label("bad", 0.9)])[0].label == "bad"
    assert repr(one) == "Label('good', 0.7500)"


def test_rows_of_labels_are_lists_with_more_forms(classifier: Classifier) -> None:
    ranked = classifier.classify(TEXTS[:2], top_k=2)
    assert isinstance(ranked, list)
    assert isinstance(ranked[0], list)
    assert ranked[0].to_dict() == {label: pytest.approx(score) for label, score in ranked[0]}
    assert ranked[0].to_records()[0]["label"] == ranked[0][0].label
    records = ranked.to_records()
    assert [(record["text"], record["rank"]) for record in records] == [(0, 1), (0, 2), (1, 1), (1, 2)]
    assert Rankings.of([[]]).to_records() == []
    assert LabelList().to_dict() == {}


def test_predictions_are_one_line(classifier: Classifier) -> None:
    assert repr(classifier.predictions(TEXTS)) == f"Predictions({len(TEXTS)} texts, 2 labels, probability)"
