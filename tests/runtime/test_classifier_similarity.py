"""Classifying by similarity to labels: cosines, and probabilities of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import claxon
from claxon.classifier import Classifier
from claxon.errors import OptionError
from claxon.heads.decision import softmax
from claxon.heads.label_sets import LabelSet
from tests.bundles import reseal
from tests.texts import TEXTS

PADDING_TOLERANCE = 1e-5
SUM_TOLERANCE = 1e-6


def test_cosines_are_no_probabilities(topic: Classifier) -> None:
    with pytest.raises(OptionError, match="head 'topic' gives cosines, which are not probabilities: use similarity"):
        topic.predict_proba(TEXTS)
    cosines = topic.similarity(TEXTS)
    assert cosines.shape == (len(TEXTS), 3)
    assert np.abs(cosines).max() <= 1 + SUM_TOLERANCE
    np.testing.assert_array_equal(topic.decision_function(TEXTS), cosines)


def test_a_head_with_probabilities_has_no_similarity(classifier: Classifier) -> None:
    with pytest.raises(OptionError, match="head 'sentiment' gives probabilities: use predict_proba"):
        classifier.similarity(TEXTS)


def test_labels_given_at_run_time_equal_the_head_in_the_bundle(topic: Classifier) -> None:
    found = Classifier.from_labels(topic.encoder, ["book", "phone", "food"])
    assert found.labels == topic.labels
    np.testing.assert_allclose(found.similarity(TEXTS), topic.similarity(TEXTS), atol=PADDING_TOLERANCE)
    assert found.predict(TEXTS).tolist() == topic.predict(TEXTS).tolist()


@pytest.mark.parametrize("temperature", [0.01, 1, 20.0])
def test_a_temperature_makes_probabilities(temperature: float, topic: Classifier) -> None:
    found = Classifier.from_labels(topic.encoder, ["book", "phone", "food"], temperature=temperature)
    probabilities = found.predict_proba(TEXTS)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=SUM_TOLERANCE)
    np.testing.assert_allclose(probabilities, softmax(found.similarity(TEXTS), temperature), atol=SUM_TOLERANCE)
    assert found.predict(TEXTS).tolist() == topic.predict(TEXTS).tolist()


def test_a_bundles_temperature_makes_probabilities(copied_bundle: Path, topic: Classifier) -> None:
    def with_temperature(manifest: Any) -> Any:
        heads = tuple(replace(head, temperature=0.05 if head.name == "topic" else None) for head in manifest.heads)
        return replace(manifest, heads=heads)

    reseal(copied_bundle, with_temperature)
    found = claxon.load(copied_bundle, "topic", threads=1)
    expected = softmax(topic.similarity(TEXTS), 0.05)
    np.testing.assert_allclose(found.predict_proba(TEXTS), expected, atol=PADDING_TOLERANCE)
    np.testing.assert_allclose(found.similarity(TEXTS), topic.similarity(TEXTS), atol=PADDING_TOLERANCE)


def test_descriptions_template_and_combine_reach_the_labels(topic: Classifier) -> None:
    named = Classifier.from_labels(
        topic.encoder, {"good": ["great", "very good"], "bad": "awful"}, template="the {label} book", combine="best"
    )
    made = LabelSet.of({"good": ["the great book", "the very good book"], "bad": "the awful book"}, combine="best")
    given = Classifier.from_labels(topic.encoder, made)
    np.testing.assert_array_equal(named.similarity(TEXTS), given.similarity(TEXTS))
    assert Classifier.from_labels(topic.encoder, made, combine="best").labels == ("good", "bad")


@pytest.mark.parametrize(("template", "combine"), [("{label}!", "mean"), (None, "best")])
def test_a_label_set_has_its_own_template_and_combine(template: str | None, combine: str, topic: Classifier) -> None:
    with pytest.raises(OptionError, match=r"give them to LabelSet\.of"):
        Classifier.from_labels(topic.encoder, LabelSet.of(["good", "bad"]), template=template, combine=combine)


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        (["one"], {}, "expected two or more"),
        (["a", "a"], {}, "stands twice"),
        ("ab", {}, "expected a list of names"),
        (["a", "b"], {"template": "no place"}, "does not contain {label}"),
        (["a", "b"], {"combine": "max"}, "combine is 'max'"),
        (["a", "b"], {"temperature": 0}, "temperature is 0"),
    ],
)
def test_labels_that_cannot_be_told_apart(labels: Any, options: Any, message: str, topic: Classifier) -> None:
    with pytest.raises(OptionError, match=message):
        Classifier.from_labels(topic.encoder, labels, **options)


def test_a_label_sets_temperature_threshold_and_margin_hold_where_none_are_given(topic: Classifier) -> None:
    names = ["book", "phone", "food"]
    plain = Classifier.from_labels(topic.encoder, names)
    leads = np.diff(np.sort(plain.similarity(TEXTS), axis=1)[:, -2:]).ravel()
    margin = float(np.median(leads)) + 1e-5
    own = Classifier.from_labels(topic.encoder, LabelSet.of(names, margin=margin))
    assert own.predict(TEXTS).tolist() == plain.predict(TEXTS, margin=margin).tolist()
    assert None in own.predict(TEXTS).tolist()
    assert [len(found) for found in own.classify(TEXTS)] == [label is not None for label in own.predict(TEXTS)]
    assert None not in own.predict(TEXTS, margin=0).tolist()
    warm = Classifier.from_labels(topic.encoder, LabelSet.of(names, temperature=0.1, threshold=2.0))
    np.testing.assert_allclose(warm.predict_proba(TEXTS).sum(axis=1), 1, atol=SUM_TOLERANCE)
    assert set(warm.predict(TEXTS)) == {None}
    cold = Classifier.from_labels(topic.encoder, LabelSet.of(names, temperature=0.1), temperature=0.5)
    np.testing.assert_allclose(cold.predict_proba(TEXTS), softmax(plain.similarity(TEXTS), 0.5), atol=SUM_TOLERANCE)


def test_labels_may_be_embedded_in_another_precision_than_the_texts(bundle_of_two_precisions: Path) -> None:
    names = ["book", "phone", "food"]
    with claxon.Encoder.load(bundle_of_two_precisions, device="cpu", precision="int8") as encoder:
        with claxon.Encoder.load(bundle_of_two_precisions, device="cpu", precision="fp32") as exact:
            vectors, found = exact.encode(names), Classifier.from_labels(encoder, names, label_names_encoder=exact)
        cosines = encoder.encode(TEXTS) @ vectors.T
        np.testing.assert_allclose(found.similarity(TEXTS), cosines, atol=PADDING_TOLERANCE)
        own = Classifier.from_labels(encoder, names)
        assert np.abs(own.similarity(TEXTS) - cosines).max() > 10 * PADDING_TOLERANCE


def test_labels_are_not_embedded_by_another_bundle(topic: Classifier, bundle_of_two_precisions: Path) -> None:
    with (
        claxon.Encoder.load(bundle_of_two_precisions, device="cpu", precision="fp32") as other,
        pytest.raises(
            OptionError, match=r"label_names_encoder is of .*two, which is not the bundle that embeds the texts"
        ),
    ):
        Classifier.from_labels(topic.encoder, ["book", "phone"], label_names_encoder=other)


def test_the_old_name_of_the_label_names_encoder_warns(topic: claxon.Classifier) -> None:
    with pytest.warns(DeprecationWarning, match="label_encoder= is called label_names_encoder= now") as caught:
        Classifier.from_labels(topic.encoder, ["book", "phone"], label_encoder=topic.encoder)
    assert caught[0].filename == __file__
