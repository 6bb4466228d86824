from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import claxon
from claxon.cli.labelling import RowLabeller, _write_cosines, add_decision
from claxon.cli.matrix import NoMatrix
from claxon.encoder.features import FloatMatrix
from claxon.formats.tables import Format, Row
from claxon.heads.decision import Abstention
from claxon.text.inputs import OnError, read_texts


def options(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_decision(parser)
    return argparse.Namespace(
        **vars(parser.parse_args(words)), prefix="p_", batch_size=None, errors="raise", empty="skip", quiet=False
    )


def row(text: str, error: str | None = None) -> Row:
    return Row(1, text, {"text": text}, error)


def cells(labelling: RowLabeller, texts: list[str], file_format: Format) -> list[dict[str, Any]]:
    return labelling.cells(
        [row(text) for text in texts], labelling.predictions(read_texts(texts, OnError.RAISE)), file_format
    )


@pytest.fixture(scope="module")
def classifier(tiny_bundle: Path) -> claxon.Classifier:
    return claxon.load(tiny_bundle, head="topic")


def test_the_chosen_head_alone(classifier: claxon.Classifier) -> None:
    labelling = RowLabeller.from_options(classifier, options(), all_heads=False)
    assert labelling.added(Format.CSV) == ["p_predicted_label", "p_score", "p_truncated"]
    assert cells(labelling, ["good book"], Format.CSV)[0].keys() == {"p_predicted_label", "p_score"}


def test_all_heads_label_as_each_head_alone(classifier: claxon.Classifier) -> None:
    texts = ["good book", "bad " * 60]
    labelling = RowLabeller.from_options(classifier, options(), all_heads=True)
    found = cells(labelling, texts, Format.JSONL)
    expected = classifier.predict_all(texts, on_truncation="ignore")
    for name, labels in expected.items():
        assert [one[f"p_predicted_label_{name}"] for one in found] == labels.tolist()
    assert ["p_truncated" in one for one in found] == [False, True]


def test_threshold_and_margin_are_the_calls_then_the_classifiers(classifier: claxon.Classifier) -> None:
    labels = claxon.LabelSet.of(["book", "phone"], threshold=0.25, margin=0.125)
    own = claxon.Classifier.from_labels(classifier.encoder, labels)
    assert RowLabeller.from_options(own, options(), all_heads=False).abstention == labels.abstention
    assert RowLabeller.from_options(own, options("--margin", "2"), all_heads=False).abstention == Abstention(0.25, 2.0)
    assert RowLabeller.from_options(classifier, options(), all_heads=False).abstention == Abstention()
    (found,) = cells(
        RowLabeller.from_options(own, options("--margin", "2"), all_heads=False), ["good book"], Format.CSV
    )
    assert found["p_predicted_label"] is None
    assert found["p_score"] is not None


def test_top_k_lists_labels_by_score(classifier: claxon.Classifier) -> None:
    (found,) = cells(
        RowLabeller.from_options(classifier, options("--top-k", "all"), all_heads=False), ["good book"], Format.JSONL
    )
    assert [name for name, _ in found["p_labels"]] == [
        label.label for label in classifier.classify(["good book"], top_k=None)[0]
    ]


def test_a_row_without_a_text_has_an_error_and_nothing_else(classifier: claxon.Classifier) -> None:
    recording = argparse.Namespace(**{**vars(options()), "errors": "record"})
    labelling = RowLabeller.from_options(classifier, recording, all_heads=True)
    assert labelling.added(Format.CSV)[-1] == "p_error"
    window = [row("good book"), row("", "line 2 has no text")]
    found = labelling.predictions(labelling.empty.texts(window))
    good, bad = labelling.cells(window, found, Format.CSV)
    assert "p_error" not in good
    assert bad == {"p_error": "line 2 has no text"}
    assert (labelling.failures.count, labelling.failures.first) == (1, "line 2 has no text")


def test_predictions_are_not_modified(classifier: claxon.Classifier) -> None:
    written: list[FloatMatrix] = []

    class Spy(NoMatrix):
        def write(self, rows: list[Row], cosines: FloatMatrix) -> None:
            written.append(cosines)

    found = classifier.predictions(["good book", ""])
    assert found.cosines is not None
    _write_cosines(Spy(), [row("good book"), row("", "line 2 has no text")], {"topic": found})
    assert np.isfinite(found.cosines).all()
    assert np.isnan(written[0]).all(axis=1).tolist() == [False, True]
