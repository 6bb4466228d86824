"""txtai searches by a bundle's embeddings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import claxon
from claxon.integrations.txtai import transform

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::ResourceWarning")
TEXTS = ["great book", "the phone broke today", "bad service"]


def test_embeddings_are_the_encoders(tiny_bundle: Path, encoder: claxon.Encoder) -> None:
    np.testing.assert_allclose(transform(tiny_bundle, threads=1)(TEXTS), encoder.encode(TEXTS), atol=1e-6)


def test_an_index_finds_what_is_most_alike(encoder: claxon.Encoder) -> None:
    txtai = pytest.importorskip("txtai", reason="txtai is not installed")
    index = txtai.Embeddings(method="external", transform=transform(encoder), backend="numpy", content=False)
    index.index(TEXTS)
    row, score = index.search("the phone broke", 1)[0]
    cosines = encoder.similarity(encoder.encode(["the phone broke"]), encoder.encode(TEXTS))[0]
    assert row == cosines.argmax() == 1
    assert score == pytest.approx(float(cosines.max()), abs=1e-5)
