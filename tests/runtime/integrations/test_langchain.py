"""LangChain's vector store finds documents by a bundle's embeddings."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import claxon
from tests.bundles import reseal

pytest.importorskip("langchain_core", reason="langchain-core is not installed")


def test_documents_and_queries_get_the_sources_prompts(copied_bundle: Path) -> None:
    from claxon.integrations.langchain import ClaxonEmbeddings

    prompts = {"query": "was it good ? ", "document": "the book : "}
    reseal(copied_bundle, lambda manifest: replace(manifest, encoder=replace(manifest.encoder, prompts=prompts)))
    encoder, embeddings = claxon.Encoder.load(copied_bundle), ClaxonEmbeddings(copied_bundle)
    np.testing.assert_allclose(embeddings.embed_documents(["great", "bad"]), encoder.encode_document(["great", "bad"]))
    np.testing.assert_allclose(embeddings.embed_query("great"), encoder.encode_query(["great"])[0])
    np.testing.assert_allclose(asyncio.run(embeddings.aembed_query("great")), embeddings.embed_query("great"))


def test_a_vector_store_finds_what_is_most_alike(encoder: claxon.Encoder) -> None:
    from langchain_core.vectorstores import InMemoryVectorStore

    from claxon.integrations.langchain import ClaxonEmbeddings

    texts = ["great book", "the phone broke today", "bad service"]
    store = InMemoryVectorStore.from_texts(texts, ClaxonEmbeddings(encoder))
    found = store.similarity_search_with_score("the phone broke", k=1)[0]
    assert found[0].page_content == "the phone broke today"
    assert found[1] == pytest.approx(
        float(encoder.similarity(encoder.encode(["the phone broke"]), encoder.encode(texts)).max()), abs=1e-5
    )
