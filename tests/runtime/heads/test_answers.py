"""What heads answer by the kind of their scores, against numpy and scikit-learn on the same scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import claxon
from claxon.bundle.manifest import ScoreKind
from claxon.errors import OptionError
from claxon.heads.answers import answered, limits_of, threshold_for
from claxon.heads.decision import ANY_LABEL, Abstention
from tests.head_kinds import TAGS, FirstColumns, weights
from tests.texts import TEXTS

SCORES = np.array([[0.9, 0.1, 0.6], [0.2, 0.4, 0.3], [0.5, 0.49, 0.51]], np.float32)
MULTI = FirstColumns(TAGS, ScoreKind.MULTI_LABEL)
MIXED = [None, "great book", 3]


def load(bundle: Path, head: str | None) -> claxon.Classifier:
    return claxon.load(bundle, head, threads=1)


def test_every_label_above_the_threshold_holds_in_the_labels_order() -> None:
    assert answered(MULTI, SCORES, ANY_LABEL).labels.tolist() == [("book", "food"), (), ("book", "food")]
    assert answered(MULTI, SCORES, Abstention(0.3)).labels.tolist() == [("book", "food"), ("phone", "food"), TAGS]
    own = FirstColumns(TAGS, ScoreKind.MULTI_LABEL, thresholds=(0.95, 0.4, 0.6))
    assert answered(own, SCORES, ANY_LABEL).labels.tolist() == [("food",), ("phone",), ("phone",)]
    assert answered(own, SCORES, Abstention(0.3)).labels.tolist()[2] == TAGS


def test_a_regression_gives_its_numbers() -> None:
    found = answered(FirstColumns(("stars",), ScoreKind.REGRESSION), SCORES[:, :1], ANY_LABEL)
    assert found.labels.dtype == np.float32
    np.testing.assert_array_equal(found.labels, SCORES[:, 0])
    assert answered(MULTI, SCORES[:0], ANY_LABEL).labels.shape == (0,)


def test_a_threshold_for_some_labels_leaves_the_others_their_own() -> None:
    assert threshold_for(MULTI, {"phone": 0.2, "food": 0}) == (0.5, 0.2, 0.0)
    assert threshold_for(FirstColumns(TAGS), {"phone": 0.2}) == (-np.inf, 0.2, -np.inf)
    assert threshold_for(MULTI, 0.3) == 0.3
    assert threshold_for(MULTI, None) is None


@pytest.mark.parametrize(
    ("threshold", "message"),
    [
        ({"fone": 0.2}, "threshold names 'fone', expected some of 'book', 'phone', 'food'"),
        ({}, "threshold names no label"),
        ({"phone": "high"}, "threshold of 'phone' is 'high', expected a number"),
        (float("nan"), "threshold is nan"),
    ],
)
def test_a_threshold_of_no_label_or_no_number_is_refused(threshold: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        threshold_for(MULTI, threshold)


def test_what_is_not_for_a_kind_is_refused() -> None:
    for asked in (Abstention(0.5), Abstention(margin=0.1)):
        with pytest.raises(OptionError, match="head 'stars' gives numbers, which no threshold and no margin are for"):
            limits_of("stars", ScoreKind.REGRESSION, None, asked)
    with pytest.raises(OptionError, match=r"head 'tags' gives any number of labels.*give a threshold, not a margin"):
        limits_of("tags", ScoreKind.MULTI_LABEL, None, Abstention(margin=0.1))


def test_the_classifier_gives_tuples_independent_probabilities_and_ranked_labels(bundle_of_kinds: Path) -> None:
    found = load(bundle_of_kinds, "tags")
    logits = found.encoder.encode(TEXTS, on_truncation="ignore") @ weights(3, 32)
    expected = 1 / (1 + np.exp(-logits))
    proba = found.predict_proba(TEXTS, on_truncation="ignore")
    np.testing.assert_allclose(proba, expected, atol=1e-5)
    labels = found.predict(TEXTS, on_truncation="ignore")
    assert labels.tolist() == [tuple(np.array(TAGS)[row >= 0.5].tolist()) for row in proba]
    ranked = found.classify(TEXTS, on_truncation="ignore")
    assert [sorted(one.label for one in row) for row in ranked] == [sorted(row) for row in labels]
    assert all([one.score for one in row] == sorted((one.score for one in row), reverse=True) for row in ranked)
    assert [len(row) for row in found.classify(TEXTS, threshold=0, top_k=2, on_truncation="ignore")] == [2] * len(TEXTS)
    assert found.predict(TEXTS[:2], threshold={"book": -1, "phone": 2, "food": 2}).tolist() == [("book",)] * 2


def test_the_classifier_gives_numbers(bundle_of_kinds: Path) -> None:
    found = load(bundle_of_kinds, "stars")
    values = found.predict(TEXTS, on_truncation="ignore")
    assert (values.dtype, values.shape) == (np.float32, (len(TEXTS),))
    embedding = found.encoder.encode(TEXTS, on_truncation="ignore")
    np.testing.assert_allclose(values, (embedding @ weights(1, 32))[:, 0], atol=1e-5)
    recorded = found.predictions(MIXED, errors="record")  # type: ignore[arg-type]  # rows that are no texts
    assert recorded.labels.dtype == np.float32
    assert np.isnan(recorded.labels).tolist() == [True, False, True]
    tags = load(bundle_of_kinds, "tags").predict(MIXED, errors="record")  # type: ignore[arg-type]
    assert [type(row) for row in tags] == [type(None), tuple, type(None)]


def test_a_decision_function_is_no_probability(bundle_of_kinds: Path) -> None:
    found = load(bundle_of_kinds, "margin")
    scores = found.decision_function(TEXTS, on_truncation="ignore")
    assert found.predict(TEXTS, on_truncation="ignore").tolist() == [TAGS[row.argmax()] for row in scores]
    assert scores.min() < 0


@pytest.mark.parametrize(
    ("head", "call", "message"),
    [
        ("margin", "predict_proba", "values of a decision function, which are not probabilities: use decision_funct"),
        ("stars", "predict_proba", "numbers, which are not probabilities: use predict"),
        ("stars", "classify", "gives numbers, not labels: use predict"),
        ("stars", "similarity", "gives numbers: use predict"),
        ("tags", "similarity", "gives probabilities: use predict_proba"),
        ("margin", "similarity", "gives values of a decision function: use decision_function"),
    ],
)
def test_each_call_names_the_one_to_use_instead(bundle_of_kinds: Path, head: str, call: str, message: str) -> None:
    with pytest.raises(OptionError, match=f"head '{head}'.*{message}"):
        getattr(load(bundle_of_kinds, head), call)(TEXTS)


def test_all_heads_answer_from_one_run(bundle_of_kinds: Path) -> None:
    several = load(bundle_of_kinds, None)
    found = several.predict_all(TEXTS, on_truncation="ignore")
    for head, labels in found.items():
        alone = load(bundle_of_kinds, head).predict(TEXTS, on_truncation="ignore")
        assert labels.tolist() == pytest.approx(alone.tolist(), abs=1e-5) if head == "stars" else alone.tolist()
    with pytest.raises(OptionError, match="head 'stars' gives numbers"):
        several.predict_all(TEXTS, threshold=0.5)
