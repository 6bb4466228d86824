"""A Chroma collection embeds with a bundle, and finds it again when the collection is opened again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import claxon

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::ResourceWarning")
TEXTS = ["great book", "the phone broke today", "bad service"]


@pytest.fixture
def chroma() -> Any:
    return pytest.importorskip("chromadb", reason="chromadb is not installed")


def test_a_collection_finds_what_is_most_alike(chroma: Any, tiny_bundle: Path, tmp_path: Path) -> None:
    from claxon.integrations.chroma import ClaxonEmbeddingFunction

    settings = chroma.config.Settings(anonymized_telemetry=False)
    client = chroma.PersistentClient(str(tmp_path), settings=settings)
    function = ClaxonEmbeddingFunction(tiny_bundle)
    collection = client.create_collection("reviews", embedding_function=function)
    collection.add(ids=["a", "b", "c"], documents=TEXTS)
    kept = client.get_collection("reviews")  # by what the collection keeps of the function
    assert kept.query(query_texts=["the phone broke"], n_results=1)["documents"] == [["the phone broke today"]]
    stored = kept.get(ids=["a", "b", "c"], include=["embeddings"])["embeddings"]
    np.testing.assert_allclose(stored, claxon.Encoder.load(tiny_bundle).encode(TEXTS), atol=1e-6)
    assert not function.is_legacy()
