"""What every call of the classifier has in common: texts, truncation, laziness, and the end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import claxon
from claxon.classifier import Classifier
from claxon.encoder.encoder import WINDOW, Encoder
from claxon.errors import BundleError, ClosedError, InputError, TruncatedTextError
from claxon.text.truncation import TruncationWarning
from tests.texts import LONG, TEXTS, endless

PADDING_TOLERANCE = 1e-5


CALLS = ["predict", "predict_proba", "decision_function", "classify", "predictions", "predict_all", "predictions_all"]


@pytest.mark.parametrize("call", CALLS)
def test_every_call_refuses_what_is_no_list_of_texts(call: str, classifier: Classifier) -> None:
    with pytest.raises(InputError, match=r"found one str; write \[text\]"):
        getattr(classifier, call)("great book")
    with pytest.raises(InputError, match="row 1 is NoneType"):
        getattr(classifier, call)(["a", None])


@pytest.mark.parametrize("call", CALLS)
def test_every_call_warns_of_truncation_once_at_the_callers_line(call: str, classifier: Classifier) -> None:
    with pytest.warns(TruncationWarning) as caught:
        getattr(classifier, call)([LONG, "great"])
    assert [warning.filename for warning in caught] == [__file__]


def test_similarity_and_labels_warn_at_the_callers_line(topic: Classifier) -> None:
    with pytest.warns(TruncationWarning) as of_texts:
        topic.similarity([LONG])
    with pytest.warns(TruncationWarning) as of_labels:
        Classifier.from_labels(topic.encoder, ["great", LONG])
    assert [warning.filename for warning in [*of_texts, *of_labels]] == [__file__] * 2


@pytest.mark.parametrize("call", CALLS)
def test_every_call_takes_the_options_of_encode(call: str, classifier: Classifier) -> None:
    getattr(classifier, call)([LONG], on_truncation="ignore", batch_size=1, show_progress_bar=False)
    with pytest.raises(TruncatedTextError):
        getattr(classifier, call)([LONG], on_truncation="error")
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        getattr(classifier, call)(TEXTS, batchsize=1)


def test_an_endless_generator_is_read_a_window_at_a_time(classifier: Classifier) -> None:
    read: list[int] = []
    found = classifier.predictions_iter(endless(read), batch_size=64)
    assert not read
    first = next(found)
    assert len(read) == len(first.labels) == WINDOW
    np.testing.assert_allclose(first.scores[: len(TEXTS)], classifier.predict_proba(TEXTS), atol=PADDING_TOLERANCE)


def test_windows_keep_the_order_and_the_rows(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("claxon.classifier.WINDOW", 4)
    windows = list(classifier.predictions_iter(iter(TEXTS), threshold=0.0))
    assert [len(window.labels) for window in windows] == [4, 2]
    labels = [label for window in windows for label in window.labels]
    assert labels == classifier.predict(TEXTS, threshold=0.0).tolist()
    with pytest.raises(InputError, match="row 5 is int"):
        list(classifier.predictions_iter([*TEXTS[:5], 3]))  # type: ignore[list-item]


def test_a_closed_classifier_says_so(tiny_bundle: Path) -> None:
    with claxon.load(tiny_bundle, "sentiment", threads=1) as found:
        assert len(found.predict(TEXTS)) == len(TEXTS)
    with pytest.raises(ClosedError, match="was closed; load it again"):
        found.predict(TEXTS)
    assert found.labels == ("negative", "positive")


def test_a_bundle_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is not a folder"):
        claxon.load(tmp_path / "absent")
    with pytest.raises(BundleError, match="is not a folder"):
        Encoder.load(tmp_path / "absent")
