"""Candidate labels against transformers' zero-shot-classification, for every architecture with its own way of pairs."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import claxon
from tests.checkpoints import WORDS
from tests.entailment import NAMES, write_entailment

TEXTS = ["great book", "awful service ! i hate it", "not so good " * 30, "great book", "the phone [SEP] broke </s> !"]
LABELS = ["a {b}", "love, hate", "service room", "food"]
HUNDRED = [f"{one} {other}" for one in WORDS[:10] for other in WORDS[10:20]]
TOLERANCE = 1e-5
Matrix = np.ndarray[Any, Any]


@pytest.fixture(scope="module", params=["distilbert", "bert", "mpnet"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_entailment(tmp_path_factory.mktemp("entailment"), request.param)


@pytest.fixture(scope="module")
def entailing(folder: Path) -> claxon.Classifier:
    return claxon.load(folder / "bundle", threads=1)


@pytest.fixture(scope="module")
def pipeline(folder: Path) -> Any:
    pytest.importorskip("torch", reason="torch is not installed")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    return transformers.pipeline("zero-shot-classification", model=str(folder / "source"), device="cpu")


@pytest.fixture(scope="module")
def distil(entailment_bundle: Path) -> claxon.Classifier:
    return claxon.load(entailment_bundle, threads=1)


def expected_scores(pipeline: Any, texts: list[str], labels: list[str], **options: Any) -> Matrix:
    found = [pipeline(text, labels, **options) for text in texts]
    ranked = [dict(zip(one["labels"], one["scores"], strict=True)) for one in found]
    return np.array([[scores[label] for label in labels] for scores in ranked])


@pytest.mark.parametrize("multi_label", [False, True], ids=["one", "any number"])
@pytest.mark.parametrize("labels", [LABELS, ["food"], HUNDRED], ids=len)
def test_scores_are_the_pipelines(
    entailing: claxon.Classifier, pipeline: Any, labels: list[str], multi_label: bool
) -> None:
    rankings = entailing.zero_shot(TEXTS, labels, multi_label=multi_label, on_truncation="ignore")
    expected = expected_scores(pipeline, TEXTS, labels, multi_label=multi_label)
    np.testing.assert_allclose(rankings.scores, expected, rtol=0, atol=TOLERANCE)
    assert np.ptp(expected, axis=0).max() > 20 * TOLERANCE
    assert rankings.labels == tuple(labels)
    assert rankings.truncated.tolist() == [False, False, True, False, False]


def test_another_template(entailing: claxon.Classifier, pipeline: Any) -> None:
    template = "it was about {} ."
    rankings = entailing.zero_shot(TEXTS[:2], LABELS, hypothesis_template=template)
    expected = expected_scores(pipeline, TEXTS[:2], LABELS, hypothesis_template=template)
    np.testing.assert_allclose(rankings.scores, expected, rtol=0, atol=TOLERANCE)


def test_an_empty_text_is_what_the_model_makes_of_it(entailing: claxon.Classifier, pipeline: Any) -> None:
    import torch

    hypotheses = [f"This example is {label}." for label in LABELS]
    inputs = pipeline.tokenizer([""] * 4, hypotheses, return_tensors="pt", padding=True)
    with torch.no_grad():
        expected = pipeline.model(**inputs).logits[:, 1].softmax(0).numpy()
    np.testing.assert_allclose(entailing.zero_shot([""], LABELS).scores[0], expected, rtol=0, atol=TOLERANCE)


def test_single_texts_are_what_they_were(entailing: claxon.Classifier, folder: Path, pipeline: Any) -> None:
    import torch

    inputs = pipeline.tokenizer(TEXTS[:2], return_tensors="pt", padding=True)
    with torch.no_grad():
        expected = pipeline.model(**inputs).logits.softmax(-1).numpy()
    np.testing.assert_allclose(entailing.predict_proba(TEXTS[:2]), expected, rtol=0, atol=TOLERANCE)


def test_pairs_are_classified_as_the_model_does(entailing: claxon.Classifier, pipeline: Any) -> None:
    import torch

    pairs = [("great book", "it is good"), ("not so good " * 30, "the phone broke " * 30), ("", "awful")]
    inputs = pipeline.tokenizer(
        *map(list, zip(*pairs, strict=True)), return_tensors="pt", padding=True, truncation=True, max_length=64
    )
    with torch.no_grad():
        expected = pipeline.model(**inputs).logits.softmax(-1).numpy()
    result = entailing.predict_proba(pairs, on_truncation="ignore")
    np.testing.assert_allclose(result, expected, rtol=0, atol=TOLERANCE)
    assert entailing.predict(pairs, on_truncation="ignore").tolist() == [NAMES[i] for i in expected.argmax(axis=1)]


def test_pairs_are_read_whole_or_not_at_all(distil: claxon.Classifier) -> None:
    with pytest.raises(claxon.InputError, match="row 1 is str"):
        distil.predict([("great", "book"), "good"])
    with pytest.raises(claxon.InputError, match="row 1 is tuple"):
        distil.predict(["good", ("great", "book")])
    with pytest.raises(claxon.InputError, match="row 0 is tuple"):
        distil.with_labels(LABELS).predict([("great", "book")])
    with pytest.raises(claxon.OptionError, match="errors is 'record'"):
        distil.predict([("great", "book")], errors="record")


def test_rows_are_labels_best_first(distil: claxon.Classifier) -> None:
    rankings = distil.zero_shot(TEXTS[:2], LABELS)
    for row, scores in zip(rankings, rankings.scores, strict=True):
        assert all(isinstance(label, claxon.Label) for label in row)
        assert {label.label: label.score for label in row} == dict(zip(LABELS, map(float, scores), strict=True))
        assert [label.score for label in row] == sorted(map(float, scores), reverse=True)
    assert rankings.scores.sum(axis=1) == pytest.approx(1, abs=1e-6)


def test_contradiction_goes_by_name_not_by_place(tmp_path: Path) -> None:
    orders = [("contradiction", "entailment", "neutral"), ("neutral", "entailment", "contradiction")]
    first, second = (
        claxon.load(write_entailment(tmp_path / order[0], labels=order) / "bundle", threads=1) for order in orders
    )
    same = [one.predict_proba(["great book"]) for one in (first, second)]
    np.testing.assert_array_equal(same[0], same[1])  # the same weights, with other names
    scores = [one.zero_shot(TEXTS[:2], ["food"]).scores for one in (first, second)]
    assert np.abs(scores[0] - scores[1]).max() > 100 * TOLERANCE


def test_equal_texts_run_once(distil: claxon.Classifier, runs: list[tuple[list[str], dict[str, Any]]]) -> None:
    distil.zero_shot(["great book"] * 5, LABELS)
    assert sum(len(feeds["input_ids"]) for _, feeds in runs if "input_ids" in feeds) == len(LABELS)


def test_windows_change_nothing(distil: claxon.Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = distil.zero_shot(TEXTS, LABELS, on_truncation="ignore")
    monkeypatch.setattr("claxon.zero_shot.PAIRS", 5)
    np.testing.assert_allclose(
        distil.zero_shot(TEXTS, LABELS, on_truncation="ignore").scores, whole.scores, rtol=0, atol=1e-6
    )


def test_no_texts_are_no_rows(distil: claxon.Classifier) -> None:
    rankings = distil.zero_shot([], LABELS)
    assert list(rankings) == []
    assert rankings.scores.shape == (0, len(LABELS))
    assert distil.zero_shot([], ["food"]).scores.shape == (0, 1)


def test_rows_that_are_no_texts_are_recorded(distil: claxon.Classifier) -> None:
    rankings = distil.zero_shot(["great book", None], LABELS, errors="record")  # type: ignore[list-item]
    assert rankings[1] == []
    assert np.isnan(rankings.scores[1]).all()
    with pytest.raises(claxon.InputError, match="row 1"):
        distil.zero_shot(["great book", None], LABELS)  # type: ignore[list-item]


def test_cut_texts_are_one_warning_or_an_error(distil: claxon.Classifier) -> None:
    with pytest.warns(claxon.TruncationWarning, match="1 of 5 texts") as found:
        distil.zero_shot(TEXTS, LABELS)
    assert len(found) == 1
    with pytest.raises(claxon.TruncatedTextError):
        distil.zero_shot(TEXTS, LABELS, on_truncation="error")


def test_a_hypothesis_that_leaves_no_room_is_an_error(distil: claxon.Classifier) -> None:
    with pytest.raises(claxon.InputError, match="the second text of a pair"):
        distil.zero_shot(["great book"], ["good " * 70])


def test_a_head_without_entailment_is_named_with_its_labels(classifier: claxon.Classifier) -> None:
    with pytest.raises(claxon.OptionError, match="no label 'entailment', its labels are 'negative', 'positive'"):
        classifier.zero_shot(TEXTS, LABELS)


def test_a_head_without_contradiction_scores_labels_against_each_other(tmp_path: Path) -> None:
    folder = write_entailment(tmp_path, labels=("entailment", "neutral", "other"))
    with claxon.load(folder / "bundle", threads=1) as classifier:
        assert classifier.zero_shot(TEXTS[:1], LABELS).scores.shape == (1, 4)
        with pytest.raises(claxon.OptionError, match="no label 'contradiction'"):
            classifier.zero_shot(TEXTS, ["food"])


def test_a_classifier_with_labels_has_every_other_call(distil: claxon.Classifier) -> None:
    scores = distil.zero_shot(TEXTS[:2], LABELS).scores
    labelled = distil.with_labels(LABELS)
    assert labelled.predict(TEXTS[:2]).tolist() == [LABELS[i] for i in scores.argmax(axis=1)]
    np.testing.assert_array_equal(labelled.predict_proba(TEXTS[:2]), scores)
    several = distil.with_labels(LABELS, multi_label=True).predict(TEXTS[:2], threshold=0.0)
    assert several.tolist() == [tuple(LABELS)] * 2
    travelled = pickle.loads(pickle.dumps(labelled))
    np.testing.assert_array_equal(travelled.predict_proba(TEXTS[:2]), scores)
