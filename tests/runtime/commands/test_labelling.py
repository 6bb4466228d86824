from __future__ import annotations

import argparse
from pathlib import Path

import pytest

import claxon
from claxon.commands.labelling import Labelling, add_decision
from claxon.records import Format


def options(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_decision(parser)
    return argparse.Namespace(**vars(parser.parse_args(words)), prefix="p_", batch_size=None)


@pytest.fixture(scope="module")
def classifier(tiny_bundle: Path) -> claxon.Classifier:
    return claxon.load(tiny_bundle, head="topic")


def test_the_chosen_head_alone(classifier: claxon.Classifier) -> None:
    labelling = Labelling.of(classifier, options(), all_heads=False)
    assert labelling.added(Format.CSV) == ["p_predicted_label", "p_score", "p_truncated"]
    assert labelling.cells(["good book"], Format.CSV)[0].keys() == {"p_predicted_label", "p_score"}


def test_all_heads_give_what_each_gives_alone(classifier: claxon.Classifier) -> None:
    texts = ["good book", "bad " * 60]
    labelling = Labelling.of(classifier, options(), all_heads=True)
    cells = labelling.cells(texts, Format.JSONL)
    expected = classifier.predict_all(texts, on_truncation="ignore")
    for name, labels in expected.items():
        assert [row[f"p_{name}_label"] for row in cells] == labels.tolist()
    assert ["p_truncated" in row for row in cells] == [False, True]
