"""int8 on real models and real texts that did not calibrate it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import claxon
from claxon_export.exporting import export
from claxon_export.parity import cosine
from tests.parity.conftest import IS_FULL, Exported, Labelled

MEAN_COSINE = 0.997
WORST_COSINE = 0.98
LABEL_AGREEMENT = 0.99
HALF_A_POINT = 0.005
BATCH_TOLERANCE = 1e-5

full = pytest.mark.skipif(not IS_FULL, reason="takes many minutes: set CLAXON_FULL_PARITY=1")
Array = np.ndarray


@pytest.fixture(scope="module")
def sst2_int8(sst2_mini: Exported, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("int8") / "sst2"
    return export(sst2_mini.source, out, precision=("fp32", "int8")).path


@pytest.fixture(scope="module")
def mpnet_int8(mpnet: Exported, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("int8") / "mpnet"
    return export(mpnet.source, out, precision=("fp32", "int8")).path


def test_sst2_labels_agree_and_accuracy_stays(sst2_int8: Path, sentences: Labelled) -> None:
    rows = slice(None) if IS_FULL else slice(2000)
    texts, labels = sentences.texts[rows], np.array(sentences.labels[rows])
    found = {}
    for precision in ("fp32", "int8"):
        with claxon.load(sst2_int8, precision=precision, device="cpu") as classifier:
            found[precision] = classifier.predict(texts)
    agreement = (found["fp32"] == found["int8"]).mean()
    accuracy = {precision: (predicted == labels).mean() for precision, predicted in found.items()}
    print(f"\n{len(texts)} texts: labels agree {agreement:.4f}, accuracy {accuracy}")
    assert agreement >= LABEL_AGREEMENT
    assert accuracy["int8"] >= accuracy["fp32"] - HALF_A_POINT


def test_sst2_a_text_is_the_same_in_any_batch(sst2_int8: Path, sentences: Labelled) -> None:
    texts = sentences.texts[:60]
    with claxon.Encoder.load(sst2_int8, precision="int8", device="cpu") as encoder:
        alone = encoder.encode(texts, feature="mean", batch_size=1)
        padded = encoder.encode(texts[::-1], feature="mean", batch_size=60)[::-1]
    norms = np.linalg.norm(alone, axis=1, keepdims=True)
    np.testing.assert_allclose(padded / norms, alone / norms, atol=BATCH_TOLERANCE)


@full
def test_mpnet_embeddings_are_kept(
    mpnet_int8: Path, reviews: Labelled, unseen_reviews: Labelled, tweets: Labelled
) -> None:
    texts, n_reviews = unseen_reviews.texts + tweets.texts, len(unseen_reviews.texts)
    found = {precision: embeddings(mpnet_int8, precision, texts) for precision in ("fp32", "int8")}
    cosines = cosine(found["fp32"], found["int8"])
    print(f"\n{len(texts)} texts: mean cosine {cosines.mean():.5f}, worst {cosines.min():.4f}")
    assert cosines.mean() >= MEAN_COSINE
    assert cosines.min() >= WORST_COSINE
    head = LogisticRegression(max_iter=1000).fit(
        embeddings(mpnet_int8, "fp32", reviews.texts[:2000]), reviews.labels[:2000]
    )
    predicted = {precision: head.predict(vectors[:n_reviews]) for precision, vectors in found.items()}
    accuracy = {
        precision: (labels == np.array(unseen_reviews.labels)).mean() for precision, labels in predicted.items()
    }
    print(f"labels agree {(predicted['fp32'] == predicted['int8']).mean():.4f}, accuracy {accuracy}")
    assert accuracy["int8"] >= accuracy["fp32"] - HALF_A_POINT


def embeddings(bundle: Path, precision: str, texts: list[str]) -> Array:
    with claxon.Encoder.load(bundle, precision=precision, device="cpu") as encoder:
        return encoder.encode(texts, on_truncation="ignore")
