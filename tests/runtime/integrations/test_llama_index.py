"""LlamaIndex retrieves by a bundle's embeddings."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

import claxon

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::ResourceWarning")


@pytest.fixture
def model(encoder: claxon.Encoder) -> Any:
    pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
    from claxon.integrations.llama_index import ClaxonEmbedding

    return ClaxonEmbedding(encoder)


def test_embeddings_are_the_encoders(model: Any, encoder: claxon.Encoder) -> None:
    texts = ["great book", "bad service"]
    np.testing.assert_allclose(model.get_text_embedding_batch(texts), encoder.encode(texts), atol=1e-6)
    np.testing.assert_allclose(model.get_text_embedding(texts[0]), encoder.encode(texts)[0], atol=1e-6)
    np.testing.assert_allclose(model.get_query_embedding(texts[1]), encoder.encode(texts)[1], atol=1e-6)
    np.testing.assert_allclose(asyncio.run(model.aget_query_embedding(texts[1])), encoder.encode(texts)[1], atol=1e-6)
    assert model.class_name() == "ClaxonEmbedding"


def test_an_index_finds_what_is_most_alike(model: Any) -> None:
    core = pytest.importorskip("llama_index.core")
    nodes = [core.schema.TextNode(text=text) for text in ("great book", "the phone broke today", "bad service")]
    index = core.VectorStoreIndex(nodes, embed_model=model)
    found = index.as_retriever(similarity_top_k=1).retrieve("the phone broke")
    assert found[0].text == "the phone broke today"
