"""A bundle evaluated on labeled texts, from end to end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss

import claxon
import claxon_export
from claxon.bundle.manifest import Feature, LabelValue
from claxon.errors import InputError, OptionError
from claxon_export.errors import EvaluationError, LabelError
from claxon_export.evaluation.evaluate import evaluate
from claxon_export.evaluation.results import Evaluation
from claxon_export.metrics.results import Metric
from tests.texts import REVIEWS

TEXTS = [f"{text} {i}" for i in range(5) for text in REVIEWS]
LABELS = [label for _ in range(5) for label in REVIEWS.values()]


def judged(bundle: Path, labels: Any = LABELS, texts: Any = TEXTS, **options: Any) -> Evaluation:
    settings: dict[str, Any] = {"resamples": 20, "device": "cpu", "precision": "fp32", **options}
    return evaluate(bundle, texts, labels, **settings)


def test_figures_are_those_of_the_classifier(tiny_bundle: Path) -> None:
    evaluation = judged(tiny_bundle)
    classifier = claxon.load(tiny_bundle, head="sentiment", device="cpu", precision="fp32")
    (head,) = evaluation.heads
    assert head.metrics[Metric.ACCURACY].value == accuracy_score(LABELS, classifier.predict(TEXTS))
    probabilities = classifier.predict_proba(TEXTS)
    expected = log_loss(LABELS, probabilities / probabilities.sum(axis=1, keepdims=True), labels=classifier.labels)
    assert head.metrics[Metric.LOG_LOSS].value == pytest.approx(expected, rel=1e-4)


def test_heads_that_do_not_know_the_labels_are_passed_over_and_named(tiny_bundle: Path) -> None:
    evaluation = judged(tiny_bundle)
    assert [head.name for head in evaluation.heads] == ["sentiment"]
    assert any("head 'topic' is not evaluated" in note for note in evaluation.notes)


def test_cosine_head_and_its_temperature(copied_bundle: Path) -> None:
    labels = claxon.LabelSet.of(["book", "phone", "food"])
    claxon_export.add_head(copied_bundle, "warm", labels=labels, temperature=0.1)
    evaluation = judged(copied_bundle, ["book", "phone", "food", "book"], ["a book", "my phone", "food", "book"])
    topic, warm = evaluation.head("topic"), evaluation.head("warm")
    assert Metric.LOG_LOSS not in topic.metrics
    assert Metric.LOG_LOSS in warm.metrics
    assert topic.confusion == warm.confusion
    (between, *against) = evaluation.comparisons
    assert (between.first, between.second, between.p_value) == ("topic", "warm", 1.0)
    assert [result.second for result in against] == ["most_frequent", "most_frequent"]


@pytest.mark.parametrize("labels", [[1, 0] * 20, ["1", "0"] * 20, [True, False] * 20])
def test_labels_are_mapped_to_the_heads(tiny_bundle: Path, labels: list[LabelValue]) -> None:
    one, zero = ("true", "false") if isinstance(labels[0], bool) else ("1", "0")
    expected = judged(tiny_bundle, ["positive", "negative"] * 20)
    result = judged(tiny_bundle, labels, label_map={one: "positive", zero: "negative"})
    assert result.heads == expected.heads


def test_strings_of_numbers_judge_a_head_of_integers(copied_bundle: Path) -> None:
    claxon_export.fit(copied_bundle, TEXTS, [i % 3 for i in range(40)], head="stars", test_size=0, cache=False)
    (head,) = judged(copied_bundle, [str(i % 3) for i in range(40)]).heads
    assert (head.name, head.labels, head.absent_labels) == ("stars", (0, 1, 2), ())


def test_labels_that_no_head_knows(tiny_bundle: Path) -> None:
    with pytest.raises(EvaluationError, match=r"head 'sentiment' does not know '1', '0' .* --map 1=negative"):
        judged(tiny_bundle, [1, 0] * 20)


def test_texts_with_unknown_labels_can_be_left_out(tiny_bundle: Path) -> None:
    labels = ["neutral", *LABELS[1:]]
    with pytest.raises(EvaluationError, match="does not know 'neutral'"):
        judged(tiny_bundle, labels, heads=["sentiment"])
    evaluation = judged(tiny_bundle, labels, leave_out_unknown=True)
    assert evaluation.source.texts == 39
    assert evaluation.source.left_out == {"with a label that a head does not know": 1}
    assert evaluation.heads == judged(tiny_bundle, LABELS[1:], TEXTS[1:]).heads or evaluation.heads[0].wrong


def test_labels_that_no_text_has_are_named(tiny_bundle: Path) -> None:
    evaluation = judged(tiny_bundle, ["positive"] * 40)
    assert evaluation.heads[0].absent_labels == ("negative",)
    assert any("knows 'negative', which no text has" in note for note in evaluation.notes)


def test_a_threshold_leaves_texts_without_a_label(tiny_bundle: Path) -> None:
    (head,) = judged(tiny_bundle, threshold=0.9999).heads
    assert head.metrics[Metric.COVERAGE].value == 0
    assert head.metrics[Metric.ACCURACY].value == 0
    assert sum(head.abstained) == 40


def test_long_texts_are_counted_and_timed(tiny_bundle: Path) -> None:
    evaluation = judged(tiny_bundle, LABELS, [*TEXTS[:-1], "good " * 60])
    assert evaluation.truncated == 1
    longest = max(evaluation.slowest, key=lambda text: text.n_tokens)
    assert (longest.line, longest.n_tokens) == (39, 62)
    assert all(text.latency_ms > 0 for text in evaluation.slowest)


def test_the_same_seed_gives_the_same_evaluation_but_for_times(tiny_bundle: Path) -> None:
    first, again = (judged(tiny_bundle, seed=5) for _ in range(2))
    assert first.heads == again.heads
    assert first.comparisons == again.comparisons
    assert first.heads != judged(tiny_bundle, seed=6).heads


def test_the_cache_changes_nothing(tiny_bundle: Path) -> None:
    assert judged(tiny_bundle).heads == judged(tiny_bundle, cache=False).heads


def test_the_sample_of_the_map_is_a_seeded_draw(tiny_bundle: Path) -> None:
    from claxon.encoder.loading import LoadOptions
    from claxon_export.data.labelled import LabelledTexts
    from claxon_export.evaluation.evaluate import evaluate_labelled
    from claxon_export.evaluation.options import EvaluateOptions

    engine = LoadOptions(device="cpu", precision="fp32")
    how = EvaluateOptions(map_texts=10, resamples=10)
    sample = evaluate_labelled(tiny_bundle, LabelledTexts.of(TEXTS, LABELS), how, engine).sample
    assert sample is not None
    assert (len(sample.truths), sample.total) == (10, 40)
    assert sample.vectors[Feature.EMBEDDING].shape == (10, 32)


def test_a_learning_curve_is_made_when_asked_for(tiny_bundle: Path) -> None:
    assert judged(tiny_bundle).learning_curves == ()
    (curve,) = judged(tiny_bundle, learning_curve=True).learning_curves
    assert curve.feature is Feature.EMBEDDING


def test_evaluation_becomes_json(tiny_bundle: Path) -> None:
    result = json.loads(judged(tiny_bundle, np.array(LABELS)).to_json())
    assert result["source"]["place"] == "row"
    assert result["conditions"]["precision"] == "fp32"


def test_options_of_numpys_types_become_json_as_well(tiny_bundle: Path) -> None:
    options = {"threshold": np.float32(0.5), "margin": np.float64(0.25), "resamples": np.int64(20), "seed": np.uint8(3)}
    conditions = json.loads(judged(tiny_bundle, **options).to_json())["conditions"]
    assert {name: conditions[name] for name in options} == {
        "threshold": 0.5,
        "margin": 0.25,
        "resamples": 20,
        "seed": 3,
    }


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"heads": ["mood"]}, OptionError, "no head 'mood'; its heads are: sentiment, topic"),
        ({"heads": "sentiment"}, OptionError, "expected a list of names"),
        ({"label_map": {"x": "positive"}}, OptionError, "no label 'x' to be mapped"),
        ({"resamples": 0}, OptionError, "resamples"),
        ({"resamples": None}, OptionError, "resamples is None, expected a whole number, 1 or more"),
        ({"resamples": True}, OptionError, "resamples is True"),
        ({"seed": -1}, OptionError, "seed is -1, expected a whole number, 0 to 4294967295"),
        ({"seed": 1 << 32}, OptionError, "seed is 4294967296, expected a whole number, 0 to"),
        ({"seed": 1.5}, OptionError, "seed is 1.5, expected a whole number"),
        ({"seed": True}, OptionError, "seed is True, expected a whole number"),
        ({"seed": "1"}, OptionError, "seed is '1', expected a whole number"),
        ({"threshold": "high"}, OptionError, "threshold"),
        ({"threshold": float("inf")}, OptionError, "threshold is inf, expected a number"),
        ({"margin": float("inf")}, OptionError, "margin is inf, expected a number"),
        ({"labels": LABELS[1:]}, LabelError, "40 texts and 39 labels"),
        ({"texts": "one text"}, InputError, "expected a list of texts"),
        ({"labels": [], "texts": []}, LabelError, "no"),
    ],
)
def test_what_cannot_be_judged(
    tiny_bundle: Path, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        judged(tiny_bundle, **options)
