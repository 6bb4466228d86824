"""KeyBERT finds keywords with a bundle's embeddings."""

from __future__ import annotations

from pathlib import Path

import pytest

import claxon

keybert = pytest.importorskip("keybert", reason="keybert is not installed")


@pytest.mark.filterwarnings("ignore::UserWarning")  # of scikit-learn, about no stop words
def test_keywords_are_those_that_are_most_alike(tiny_bundle: Path, encoder: claxon.Encoder) -> None:
    from claxon.integrations.keybert import ClaxonBackend

    text = "the phone broke today and the service was bad"
    for given in (tiny_bundle, encoder):
        model = keybert.KeyBERT(model=ClaxonBackend(given))
        found = model.extract_keywords(text, top_n=2, stop_words=None)
        cosines = encoder.similarity(encoder.encode([text]), encoder.encode([word for word, _ in found]))[0]
        assert [score for _, score in found] == pytest.approx(cosines.tolist(), abs=1e-3)
