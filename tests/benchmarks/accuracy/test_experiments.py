from __future__ import annotations

from accuracy.experiments import EXPERIMENTS, Classifier, Steps, Trained
from claxon.bundle.manifest import Feature


def test_names_tell_experiments_apart() -> None:
    names = [found.name for found in EXPERIMENTS]
    assert len(set(names)) == len(names)


def test_features_are_ones_that_bundles_have() -> None:
    assert {found.feature for found in EXPERIMENTS if isinstance(found, Trained)} <= set(Feature)


def test_a_published_figure_comes_with_the_reason_why_ours_differs() -> None:
    found = [found for found in EXPERIMENTS if not isinstance(found, Steps) and found.published]
    assert [round(one.published.accuracy, 4) for one in found if one.published] == [0.8, 0.85, 0.6405, 0.87]
    assert all(one.difference for one in found)


def test_the_same_five_steps_are_said_in_three_ways() -> None:
    sets = [found.labels for found in EXPERIMENTS if isinstance(found, Steps)]
    assert {labels.labels for labels in sets} == {("Very Negative", "Negative", "Neutral", "Positive", "Very Positive")}
    assert [max(labels.counts) > 1 for labels in sets] == [False, False, True]


def test_the_classifier_is_asked_in_its_own_words() -> None:
    first = next(found for found in EXPERIMENTS if isinstance(found, Classifier))
    assert first.label_map == {"negative": "NEGATIVE", "positive": "POSITIVE"}
