from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import claxon_export
from accuracy.experiments import Model, Texts
from accuracy.padding import means, padding_found
from accuracy.running import Workplace
from claxon import Encoder
from claxon.bundle.bundle import Bundle
from claxon.encoder.loading import load_parts
from tests.benchmarks.accuracy.tables import write_table

TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def bundle_with_states(tiny_classifier: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    out = tmp_path_factory.mktemp("bundles") / "states"
    return claxon_export.export(tiny_classifier, out, token_states=True)


def test_the_mean_over_tokens_is_the_bundles_own(bundle_with_states: Bundle) -> None:
    texts = ["good", "the food was very good and the service was great"]
    found = means(load_parts(bundle_with_states, device="cpu"), bundle_with_states, texts)
    with Encoder.from_bundle(bundle_with_states) as encoder:
        own = encoder.encode(texts, feature="mean")
    np.testing.assert_allclose(found.tokens_alone, own, atol=TOLERANCE)


def test_padding_changes_the_mean_of_all_but_the_longest(bundle_with_states: Bundle) -> None:
    texts = ["good", "the food was very good and the service was great"]
    found = means(load_parts(bundle_with_states, device="cpu"), bundle_with_states, texts)
    difference = np.abs(found.tokens_alone - found.with_padding).max(axis=1)
    assert difference[0] > 100 * TOLERANCE
    assert difference[1] < TOLERANCE


def test_both_means_are_judged_on_the_same_texts(
    tiny_classifier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("train.csv", "validation.csv"):
        write_table(tmp_path / "data" / "amazon_reviews" / name, ["positive", "negative"])
    monkeypatch.setattr("accuracy.padding.LEARNT_FROM", 24)
    monkeypatch.setattr("accuracy.padding.TOKENS", 48)
    found = padding_found(tiny_classifier, Workplace(tmp_path / "data", {Model.DISTILBERT: tmp_path}), tmp_path)
    assert (found.texts, found.learnt_from, found.judged) == (Texts.AMAZON_REVIEWS, 24, 24)
    assert found.tokens_alone > 0.6
    assert 0 <= found.with_padding <= 1
