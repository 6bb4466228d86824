"""The similarity graph in ONNX Runtime against the numpy of the runtime and against the formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from claxon.bundle.manifest import Feature, HeadKind, ScoreKind
from claxon.heads.label_sets import Combine, LabelSet
from claxon.heads.similarity import label_matrix, similarity_scores
from claxon_export.errors import HeadError
from claxon_export.heads import HeadGraph, similarity_head

onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

TOLERANCE = 1e-6
WIDTH = 32
PHRASINGS = {
    "bad": ["It is bad.", "I hate it.", "Awful."],
    "mixed": "So so.",
    "good": ["It is good.", "I love it."],
}
Array = np.ndarray[Any, Any]


def unit_vectors(count: int, seed: int) -> Array:
    vectors = np.random.default_rng(seed).normal(size=(count, WIDTH))
    unit: Array = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


def run(head: HeadGraph, features: Array) -> Array:
    session = onnxruntime.InferenceSession(head.graph, providers=["CPUExecutionProvider"])
    scores: Array = session.run(["scores"], {"features": features})[0]
    return scores


@pytest.mark.parametrize("combine", Combine)
def test_graph_and_runtime_agree(combine: Combine) -> None:
    labels = LabelSet.of(PHRASINGS, combine=combine)
    embeddings, texts = unit_vectors(6, 1), unit_vectors(500, 2)
    result = run(similarity_head(labels, embeddings), texts)
    matrix = label_matrix(embeddings, labels.counts, combine)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, similarity_scores(texts, matrix, labels.counts, combine), atol=TOLERANCE, rtol=0)


def test_mean_is_the_cosine_to_the_mean_phrasing() -> None:
    embeddings, texts = unit_vectors(6, 3), unit_vectors(10, 4)
    means = np.stack([group.mean(axis=0) for group in np.split(embeddings, [3, 4])])
    expected = texts @ (means / np.linalg.norm(means, axis=1, keepdims=True)).T
    result = run(similarity_head(LabelSet.of(PHRASINGS), embeddings), texts)
    np.testing.assert_allclose(result, expected, atol=TOLERANCE, rtol=0)


def test_best_is_the_cosine_to_the_nearest_phrasing() -> None:
    embeddings, texts = unit_vectors(6, 5), unit_vectors(10, 6)
    expected = np.stack([(texts @ group.T).max(axis=1) for group in np.split(embeddings, [3, 4])], axis=1)
    result = run(similarity_head(LabelSet.of(PHRASINGS, combine="best"), embeddings), texts)
    np.testing.assert_allclose(result, expected, atol=TOLERANCE, rtol=0)


def test_the_head_says_what_it_is() -> None:
    head = similarity_head(LabelSet.of(PHRASINGS), unit_vectors(6, 7), temperature=0.05)
    assert (head.kind, head.feature, head.scores) == (
        HeadKind.SIMILARITY,
        Feature.EMBEDDING,
        ScoreKind.COSINE,
    )
    assert head.labels == ("bad", "mixed", "good")
    assert head.temperature == 0.05
    assert head.details["combine"] == "mean"
    assert head.details["phrasings of good"] == "It is good. | I love it."


@pytest.mark.parametrize("texts", [0, 1, 7])
def test_any_number_of_texts_runs(texts: int) -> None:
    head = similarity_head(LabelSet.of(PHRASINGS, combine="best"), unit_vectors(6, 8))
    assert run(head, unit_vectors(7, 9)[:texts]).shape == (texts, 3)


def test_embeddings_that_do_not_fit_the_labels_are_refused() -> None:
    with pytest.raises(HeadError, match="expected a row for each of 6 phrasings"):
        similarity_head(LabelSet.of(PHRASINGS), unit_vectors(3, 10))


def test_embeddings_that_are_not_finite_are_refused() -> None:
    embeddings = unit_vectors(6, 11)
    embeddings[4, 0] = np.nan
    with pytest.raises(HeadError, match="phrasing 4 has the norm nan"):
        similarity_head(LabelSet.of(PHRASINGS), embeddings)


def test_a_temperature_above_zero_is_expected() -> None:
    with pytest.raises(HeadError, match="temperature is 0"):
        similarity_head(LabelSet.of(PHRASINGS), unit_vectors(6, 12), temperature=0)
