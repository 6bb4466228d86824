"""Evaluations of heads that never were: labels, scores and vectors are drawn, everything else is as it always is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from claxon.bundle.manifest import Feature, HeadKind, HeadSpec, LabelValue, ScoreKind
from claxon_export.evaluation.head_evaluation import JudgedTexts, Resampling, head_evaluation, judged_baselines
from claxon_export.evaluation.results import Conditions, Evaluation, HeadEvaluation, MapSample, SlowText, Source
from claxon_export.metrics.results import CurvePoint, LearningCurve, spelled
from claxon_export.metrics.scores import Answers
from claxon_export.metrics.significance import compared

Array = np.ndarray[Any, Any]

RESAMPLING = Resampling(resamples=50, seed=0)
HOSTILE = "<script>alert('é')</script> & \"quotes\"\x07"


def drawn_truth(texts: int, labels: int, seed: int = 0) -> Array:
    """Columns of true labels, the first the most common, each there at least once. Shape: ``(texts,)``."""
    shares = np.linspace(2, 1, labels) / np.linspace(2, 1, labels).sum()
    truth = np.random.default_rng(seed).choice(labels, size=texts, p=shares)
    truth[:labels] = np.arange(labels)
    return truth


def drawn_scores(truth: Array, labels: int, sharpness: float = 2.0, seed: int = 0) -> Array:
    """Probabilities that lean to the truth. Shape: ``(texts, labels)``, float32."""
    logits = np.random.default_rng(seed).normal(size=(len(truth), labels))
    logits[np.arange(len(truth)), truth] += sharpness
    powers = np.exp(logits)
    return np.asarray((powers / powers.sum(axis=1, keepdims=True)).astype(np.float32))


def head_spec(name: str, labels: Sequence[LabelValue], *, is_cosine: bool = False) -> HeadSpec:
    kind, scores = (HeadKind.SIMILARITY, ScoreKind.COSINE) if is_cosine else (HeadKind.LOGISTIC, ScoreKind.PROBABILITY)
    return HeadSpec(name, kind, Feature.EMBEDDING, f"heads/{name}.onnx", tuple(labels), scores)


def judged_texts(truth: Array, labels: Sequence[LabelValue]) -> JudgedTexts:
    texts = [f"text {row} {HOSTILE}" for row in range(len(truth))]
    return JudgedTexts(texts, [labels[column] for column in truth], list(range(2, len(truth) + 2)))


def judged_head(
    name: str,
    truth: Array,
    labels: Sequence[LabelValue],
    *,
    seed: int = 0,
    is_cosine: bool = False,
    threshold: float | None = None,
    is_ordered: bool = False,
) -> HeadEvaluation:
    answers = Answers.from_scores(truth, drawn_scores(truth, len(labels), seed=seed), threshold)
    return head_evaluation(
        head_spec(name, labels, is_cosine=is_cosine),
        answers,
        judged_texts(truth, labels),
        (),
        RESAMPLING,
        is_ordered=is_ordered,
        may_abstain=threshold is not None,
        most_wrong=3,
    )


def sample_evaluation(
    labels: Sequence[LabelValue] = ("bad", "good"),
    *,
    texts: int = 120,
    cosine_head: bool = True,
    threshold: float | None = None,
) -> Evaluation:
    """Two heads, or one, on drawn texts."""
    truth = drawn_truth(texts, len(labels))
    kinds = {"mood": False, "topic": True} if cosine_head else {"mood": False}
    heads = [
        judged_head(name, truth, labels, seed=place, is_cosine=is_cosine, threshold=threshold)
        for place, (name, is_cosine) in enumerate(kinds.items())
    ]
    right = {
        name: Answers.from_scores(truth, drawn_scores(truth, len(labels), seed=place), threshold).is_right
        for place, name in enumerate(kinds)
    }
    baselines = judged_baselines(truth, len(labels), RESAMPLING, is_ordered=False)
    against = [
        compared(name, "most_frequent", (right[name], baselines[0].is_right), resamples=50, seed=0) for name in kinds
    ]
    written = [spelled(labels[column]) for column in truth]
    counts = {label: written.count(label) for label in dict.fromkeys(written)}
    sharp = drawn_scores(truth, len(labels), sharpness=4)
    vectors = np.hstack([sharp, np.random.default_rng(1).normal(size=(texts, 6)).astype(np.float32)])
    return Evaluation(
        conditions=Conditions(
            "tiny", "d" * 64, "mpnet", "fp32", "cpu", 48, threshold, None, 50, 0, {"claxon": "0.1.0", "numpy": "2"}
        ),
        source=Source("folder/texts.csv", "a" * 64, "line", texts, {"without text": 2}, counts),
        heads=tuple(heads),
        baselines=tuple(result.evaluation for result in baselines),
        comparisons=tuple(against),
        slowest=(SlowText(7, f"slow {HOSTILE}", 60, 12.5),),
        truncated=1,
        notes=("head 'stars' is not evaluated: it does not know 'bad', but '1'",),
        learning_curves=(LearningCurve(Feature.EMBEDDING, "fitted on these texts", _points()),),
        sample=MapSample(
            tuple(written), {Feature.EMBEDDING: vectors}, {name: ~right[name] for name in kinds}, texts, 0
        ),
    )


def with_source_name(evaluation: Evaluation, name: str) -> Evaluation:
    return replace(evaluation, source=replace(evaluation.source, name=name))


def _points() -> tuple[CurvePoint, ...]:
    return tuple(CurvePoint(size, 0.5 + size / 200, 0.45 + size / 200, 0.55 + size / 200, 5) for size in (4, 8, 16, 40))
