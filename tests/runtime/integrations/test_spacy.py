"""spaCy's pipelines classify with a head."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import claxon
from tests.texts import REVIEWS

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")


@pytest.fixture
def nlp(tiny_bundle: Path) -> Any:
    spacy = pytest.importorskip("spacy", reason="spacy is not installed")
    import claxon.integrations.spacy  # noqa: F401  # registers the component

    nlp = spacy.blank("en")
    nlp.add_pipe("claxon", config={"bundle": str(tiny_bundle), "head": "sentiment"})
    return nlp


def test_documents_get_the_scores_of_every_label(nlp: Any, classifier: claxon.Classifier) -> None:
    texts = list(REVIEWS)
    expected = classifier.predict_proba(texts)
    for documents in ([nlp(text) for text in texts], list(nlp.pipe(texts, batch_size=3))):
        for doc, row in zip(documents, expected, strict=True):
            assert list(doc.cats) == ["negative", "positive"]
            assert list(doc.cats.values()) == pytest.approx(row.tolist(), abs=1e-5)


def test_a_pipeline_that_was_kept_opens_its_bundle_again(nlp: Any, tmp_path: Path) -> None:
    spacy = pytest.importorskip("spacy")
    nlp.to_disk(tmp_path / "pipeline")
    assert spacy.load(tmp_path / "pipeline")("great book").cats == nlp("great book").cats
