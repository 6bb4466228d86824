"""Data frames have ``claxon``."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import claxon
from claxon.errors import InputError, OptionError
from tests.texts import REVIEWS


@pytest.fixture
def frame() -> Any:
    importlib.import_module("claxon.pandas")
    return pd.DataFrame({"review": list(REVIEWS), "n": range(len(REVIEWS))}, index=list("abcdefgh"))


def test_labels_come_beside_the_columns(frame: Any, tiny_bundle: Path, classifier: claxon.Classifier) -> None:
    found = frame.claxon.predict("review", tiny_bundle, heads="sentiment", threads=1)
    assert list(found.columns) == ["review", "n", "predicted_label", "score", "truncated"]
    assert list(found.index) == list(frame.index)
    assert list(found["predicted_label"]) == list(classifier.predict(list(REVIEWS)))
    assert list(frame.columns) == ["review", "n"]


def test_embeddings_come_too(frame: Any, tiny_bundle: Path, encoder: claxon.Encoder) -> None:
    found = frame.claxon.predict("review", tiny_bundle, embed=True, threads=1)
    np.testing.assert_allclose(np.stack(found["embedding"]), encoder.encode(list(REVIEWS)), atol=1e-6)


def test_what_is_wrong_with_the_column_is_said(frame: Any, tiny_bundle: Path) -> None:
    with pytest.raises(InputError, match="no column 'text', but review, n"):
        frame.claxon.predict("text", tiny_bundle, heads="sentiment")
    with pytest.raises(InputError, match="two columns are named 'n'"):
        frame.rename(columns={"review": "n"}).claxon.predict("n", tiny_bundle, heads="sentiment")
    with pytest.raises(InputError, match="row 0"):
        frame.claxon.predict("n", tiny_bundle, heads="sentiment")
    with pytest.raises(OptionError, match="score"):
        frame.assign(score=1).claxon.predict("review", tiny_bundle, heads="sentiment")
