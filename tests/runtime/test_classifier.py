"""The classifier: heads on one encoder run, the decision, and every call's errors."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import claxon
from claxon.bundle.manifest import Feature, LabelValue, ScoreKind
from claxon.classifier import Classifier
from claxon.encoder.features import FloatMatrix
from claxon.errors import OptionError
from claxon.heads.decision import Label
from tests.bundles import reseal
from tests.texts import LONG, TEXTS

PADDING_TOLERANCE = 1e-5
SUM_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class FirstColumns:
    """A head whose scores are a feature's first columns."""

    labels: tuple[LabelValue, ...]
    name: str = "first"
    feature: Feature = Feature.MEAN
    score_kind: ScoreKind = ScoreKind.PROBABILITY
    temperature: float | None = None

    def __call__(self, features: FloatMatrix) -> FloatMatrix:
        return features[:, : len(self.labels)]


def with_head(classifier: Classifier, labels: tuple[LabelValue, ...]) -> Classifier:
    head = FirstColumns(labels)
    return Classifier(classifier.encoder, {head.name: head})


# Loading.


def test_load_is_the_classifiers() -> None:
    assert claxon.load == Classifier.load


def test_what_was_loaded(tiny_bundle: Path, classifier: Classifier) -> None:
    assert (classifier.head_name, list(classifier.heads)) == ("sentiment", ["sentiment", "topic"])
    assert classifier.labels == ("negative", "positive")
    assert classifier.classes_.tolist() == ["negative", "positive"]
    assert classifier.classes_.dtype == "<U8"
    assert repr(classifier) == f"Classifier(head='sentiment', encoder=Encoder('{tiny_bundle}', mpnet, cpu, fp32))"


def test_the_options_reach_the_encoder(tiny_bundle: Path) -> None:
    found = claxon.load(tiny_bundle, "sentiment", device="cpu", precision="fp32", threads=1, max_tokens=4)
    assert found.encoder.max_tokens == 4
    assert found.predictions(["the phone broke"], on_truncation="ignore").truncated.tolist() == [True]
    with pytest.raises(OptionError, match="precision is 'int8'"):
        claxon.load(tiny_bundle, "sentiment", precision="int8")


def test_an_unknown_head_is_told_the_known_ones(tiny_bundle: Path, classifier: Classifier) -> None:
    with pytest.raises(OptionError, match="has no head 'stars'; its heads are: sentiment, topic"):
        claxon.load(tiny_bundle, "stars")
    with pytest.raises(OptionError, match="has no head 'stars'; its heads are: sentiment, topic"):
        Classifier(classifier.encoder, classifier.heads, "stars")


def test_a_bundle_without_heads_says_how_to_add_one(copied_bundle: Path) -> None:
    for path in (copied_bundle / "heads").iterdir():
        path.unlink()
    reseal(copied_bundle, lambda manifest: replace(manifest, heads=()))
    with pytest.raises(OptionError, match="has no heads; add one with `claxon fit` or `claxon add-head`"):
        claxon.load(copied_bundle)


def test_a_classifier_has_a_head(classifier: Classifier) -> None:
    with pytest.raises(OptionError, match="needs one or more"):
        Classifier(classifier.encoder, {})


def test_one_head_need_not_be_chosen(classifier: Classifier) -> None:
    assert with_head(classifier, ("a", "b")).head_name == "first"


def test_of_several_heads_one_must_be_chosen_but_for_all(several: Classifier) -> None:
    assert several.head_name is None
    calls: list[Callable[[], Any]] = [
        lambda: several.labels,
        lambda: several.classes_,
        lambda: several.predict(TEXTS),
        lambda: several.predict_proba(TEXTS),
        lambda: several.decision_function(TEXTS),
        lambda: several.similarity(TEXTS),
        lambda: several.classify(TEXTS),
        lambda: several.predictions(TEXTS),
        lambda: several.predictions_iter(TEXTS),
    ]
    for call in calls:
        with pytest.raises(OptionError, match="has several heads; load it with head= one of sentiment, topic"):
            call()
    assert several.predict_all(TEXTS).keys() == {"sentiment", "topic"}


# Labels and probabilities.


def test_predict_gives_the_label_of_the_largest_probability(classifier: Classifier) -> None:
    labels, probabilities = classifier.predict(TEXTS), classifier.predict_proba(TEXTS)
    assert labels.shape == (len(TEXTS),)
    assert labels.dtype == "<U8"
    assert labels.tolist() == [classifier.labels[column] for column in probabilities.argmax(axis=1)]
    assert set(labels.tolist()) == {"negative", "positive"}, "both labels occur, or this would show nothing"


def test_probabilities_sum_to_one(classifier: Classifier) -> None:
    probabilities = classifier.predict_proba(TEXTS)
    assert probabilities.shape == (len(TEXTS), 2)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=SUM_TOLERANCE)


def test_a_label_does_not_depend_on_neighbours_or_order(classifier: Classifier) -> None:
    alone = np.concatenate([classifier.predict_proba([text]) for text in TEXTS])
    for order in itertools.islice(itertools.permutations(range(len(TEXTS))), 0, 720, 90):
        texts = [LONG, *(TEXTS[row] for row in order), LONG]
        found = classifier.predictions(texts, on_truncation="ignore")
        np.testing.assert_allclose(found.scores[1:-1], alone[list(order)], atol=PADDING_TOLERANCE)
        expected = [classifier.labels[column] for column in alone[list(order)].argmax(axis=1)]
        assert found.labels[1:-1].tolist() == expected


def test_eight_threads_get_what_one_gets(several: Classifier) -> None:
    serial = several.predictions_all(TEXTS)
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(several.predictions_all, [TEXTS] * 40):
            for name, predictions in found.items():
                np.testing.assert_array_equal(predictions.scores, serial[name].scores)
                assert predictions.labels.tolist() == serial[name].labels.tolist()


@pytest.mark.parametrize(
    ("labels", "dtype"), [((1, 5), "int64"), ((True, False), "bool"), (("a", 1), "object"), ((0.5, 1.5), "float64")]
)
def test_labels_keep_their_type(labels: tuple[LabelValue, ...], dtype: str, classifier: Classifier) -> None:
    found = with_head(classifier, labels)
    assert found.classes_.dtype == dtype
    assert found.predict(TEXTS).dtype == dtype
    assert set(found.predict(TEXTS).tolist()) <= set(labels)


def test_no_texts(several: Classifier, classifier: Classifier) -> None:
    assert classifier.predict([]).tolist() == []
    assert classifier.predict([]).dtype == "<U8"
    assert classifier.predict_proba([]).shape == (0, 2)
    assert classifier.classify([]) == []
    assert {name: labels.shape for name, labels in several.predict_all([]).items()} == {
        "sentiment": (0,),
        "topic": (0,),
    }


def test_predictions_say_all_that_was_found(classifier: Classifier) -> None:
    found = classifier.predictions(["great", LONG], on_truncation="ignore")
    assert (found.n_tokens.tolist(), found.truncated.tolist()) == ([3, 74], [False, True])
    np.testing.assert_array_equal(found.scores, classifier.predict_proba(["great", LONG], on_truncation="ignore"))
    np.testing.assert_array_equal(found.scores, classifier.decision_function(["great", LONG], on_truncation="ignore"))


# The decision.


def test_classify_gives_the_best_labels_first(classifier: Classifier) -> None:
    probabilities = classifier.predict_proba(TEXTS)
    for row, found in zip(probabilities, classifier.classify(TEXTS, top_k=2), strict=True):
        expected = sorted(map(Label, classifier.labels, row.tolist()), key=lambda label: -label.score)
        assert found == expected


@pytest.mark.parametrize(("top_k", "count"), [(1, 1), (2, 2), (3, 3), (99, 3), (None, 3), (np.int64(2), 2)])
def test_top_k_limits_the_labels(top_k: Any, count: int, topic: Classifier) -> None:
    assert [len(found) for found in topic.classify(TEXTS, top_k=top_k)] == [count] * len(TEXTS)


@pytest.mark.parametrize("top_k", [0, -1, 1.5, "2", True])
def test_top_k_is_one_or_more(top_k: Any, classifier: Classifier) -> None:
    with pytest.raises(OptionError, match=r"top_k is .*, expected 1 or more, or None for all labels"):
        classifier.classify(TEXTS, top_k=top_k)


def test_below_the_threshold_there_is_none_not_a_guess(classifier: Classifier) -> None:
    probabilities = classifier.predict_proba(TEXTS)
    best = np.sort(probabilities.max(axis=1))
    threshold = float(best[len(best) // 2])
    labels = classifier.predict(TEXTS, threshold=threshold)
    assert labels.dtype == object
    assert [label is None for label in labels] == (probabilities.max(axis=1) < np.float32(threshold)).tolist()
    assert 0 < sum(label is None for label in labels) < len(TEXTS)
    kept = classifier.classify(TEXTS, top_k=None, threshold=threshold)
    assert [len(found) for found in kept] == (probabilities >= np.float32(threshold)).sum(axis=1).tolist()
    assert classifier.predict_all(TEXTS, threshold=threshold)["sentiment"].tolist() == labels.tolist()


def test_a_threshold_of_zero_still_gives_objects(classifier: Classifier) -> None:
    labels = classifier.predict(TEXTS, threshold=0.0)
    assert labels.dtype == object
    assert labels.tolist() == classifier.predict(TEXTS).tolist()


@pytest.mark.parametrize("threshold", ["0.5", float("nan"), True, [0.5]])
def test_a_threshold_is_a_number(threshold: Any, classifier: Classifier) -> None:
    for call in (classifier.predict, classifier.classify, classifier.predict_all, classifier.predictions_iter):
        with pytest.raises(OptionError, match=r"threshold is .*, expected a number, or None"):
            call(TEXTS, threshold=threshold)


def test_without_the_margin_there_is_none_not_a_guess(topic: Classifier) -> None:
    two = np.sort(topic.similarity(TEXTS), axis=1)[:, ::-1]
    leads = two[:, 0] - two[:, 1]
    margin = float(np.sort(leads)[len(leads) // 2]) + 1e-5
    is_kept = (leads >= margin).tolist()
    assert 0 < sum(is_kept) < len(TEXTS)
    labels = topic.predict(TEXTS, margin=margin)
    assert [label is not None for label in labels] == is_kept
    assert [len(found) for found in topic.classify(TEXTS, top_k=None, margin=margin)] == [3 * kept for kept in is_kept]
    assert topic.predict_all(TEXTS, margin=margin)["topic"].tolist() == labels.tolist()
    assert topic.predictions(TEXTS, margin=margin).labels.tolist() == labels.tolist()
    (window,) = topic.predictions_iter(TEXTS, margin=margin)
    assert window.labels.tolist() == labels.tolist()


@pytest.mark.parametrize("margin", ["0.5", float("nan"), True, -0.1])
def test_a_margin_is_a_number_from_0_up(margin: Any, classifier: Classifier) -> None:
    for call in (classifier.predict, classifier.classify, classifier.predict_all, classifier.predictions_iter):
        with pytest.raises(OptionError, match=r"margin is .*, expected (a number|0 or more)"):
            call(TEXTS, margin=margin)


# Several heads.


def test_the_encoder_runs_once_for_all_heads(several: Classifier, runs: list[tuple[list[str], Any]]) -> None:
    several.predict_all(TEXTS)
    features = list(dict.fromkeys(str(head.feature) for head in several.heads.values()))
    assert [outputs for outputs, _ in runs] == [features, *[["scores"] for _ in several.heads]]


def test_each_head_gives_what_it_gives_alone(several: Classifier, classifier: Classifier, topic: Classifier) -> None:
    found = several.predictions_all(TEXTS)
    for name, one in {"sentiment": classifier, "topic": topic}.items():
        np.testing.assert_array_equal(found[name].scores, one.decision_function(TEXTS))
        assert several.predict_all(TEXTS)[name].tolist() == one.predict(TEXTS).tolist()
