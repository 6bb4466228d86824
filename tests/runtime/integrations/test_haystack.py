"""Haystack's pipelines embed with a bundle, and can be written down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import claxon

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::ResourceWarning")
TEXTS = ["great book", "the phone broke today", "bad service"]


@pytest.fixture
def haystack(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("HAYSTACK_TELEMETRY_ENABLED", "False")
    return pytest.importorskip("haystack", reason="haystack-ai is not installed")


def test_a_pipeline_finds_what_is_most_alike(haystack: Any, tiny_bundle: Path, encoder: claxon.Encoder) -> None:
    from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore

    from claxon.integrations.haystack import ClaxonDocumentEmbedder, ClaxonTextEmbedder

    store = InMemoryDocumentStore(embedding_similarity_function="cosine")
    documents = [haystack.Document(content=text) for text in TEXTS]
    embedded = ClaxonDocumentEmbedder(tiny_bundle).run(documents)["documents"]
    np.testing.assert_allclose([one.embedding for one in embedded], encoder.encode(TEXTS), atol=1e-6)
    assert documents[0].embedding is None
    store.write_documents(embedded)
    pipeline = haystack.Pipeline()
    pipeline.add_component("embedder", ClaxonTextEmbedder(tiny_bundle))
    pipeline.add_component("retriever", InMemoryEmbeddingRetriever(store, top_k=1))
    pipeline.connect("embedder.embedding", "retriever.query_embedding")
    found = pipeline.run({"embedder": {"text": "the phone broke"}})["retriever"]["documents"]
    assert [one.content for one in found] == ["the phone broke today"]


def test_an_embedder_can_be_written_down(haystack: Any, tiny_bundle: Path) -> None:
    from claxon.integrations.haystack import ClaxonTextEmbedder

    embedder = ClaxonTextEmbedder(tiny_bundle, precision="fp32", threads=1)
    embedder.warm_up()
    again = ClaxonTextEmbedder.from_dict(embedder.to_dict())
    assert again.run("great book") == embedder.run("great book")
    assert again.to_dict() == embedder.to_dict()
