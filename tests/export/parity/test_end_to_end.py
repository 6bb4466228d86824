"""What the user would have run, run as it comes."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from claxon_export.checkpoint.checkpoint import Pooling, open_checkpoint
from claxon_export.parity.end_to_end import call_of, end_to_end
from tests.checkpoints import write_checkpoint
from tests.sentence_folders import WIDTH, encoded_by_source, sentence_folder
from tests.texts import TEXTS

pytestmark = pytest.mark.filterwarnings("ignore")


def test_a_plain_encoder_has_no_call(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(write_checkpoint(tmp_path / "c", "bert", sentence=False), pooling=Pooling.MEAN)
    assert call_of(checkpoint) is None
    assert end_to_end(checkpoint, TEXTS) is None


def test_a_sentence_encoder_is_encoded(tmp_path: Path) -> None:
    folder = sentence_folder(tmp_path, lambda m: [m.Pooling(WIDTH, "mean"), m.Normalize()])
    result = end_to_end(open_checkpoint(folder), TEXTS)
    assert result is not None
    assert result.name.startswith("SentenceTransformer.encode")
    assert result.embeddings is not None
    np.testing.assert_allclose(result.embeddings, encoded_by_source(folder, TEXTS), rtol=0, atol=1e-6)


def test_a_classifier_is_a_pipeline(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="it is the expected side")
    pytest.importorskip("torch", reason="transformers needs it")
    folder = write_checkpoint(tmp_path / "c", "distilbert", labels=("NEGATIVE", "POSITIVE"))
    result = end_to_end(open_checkpoint(folder), TEXTS)
    assert result is not None
    assert result.probabilities is not None
    classify = transformers.pipeline("text-classification", model=str(folder), device="cpu", top_k=None)
    for text, probabilities in zip(TEXTS, result.probabilities, strict=True):
        expected = {answer["label"]: answer["score"] for answer in classify([text])[0]}
        np.testing.assert_allclose(probabilities, [expected["NEGATIVE"], expected["POSITIVE"]], rtol=0, atol=1e-6)


def test_without_the_library_there_is_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_checkpoint(tmp_path / "c", "distilbert", labels=("NEGATIVE", "POSITIVE"))
    monkeypatch.setitem(sys.modules, "transformers", None)
    assert end_to_end(open_checkpoint(folder), TEXTS) is None
