"""What one call finds out: the cosines are there whatever the temperature."""

from __future__ import annotations

from typing import get_type_hints

import numpy as np

from claxon.classifier import Classifier
from claxon.predictions import PredictOptions
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
