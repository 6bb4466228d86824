"""One head's answers -> everything that is said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.bundle.manifest import HeadSpec, LabelValue, ScoreKind
from claxon_export.evaluation.notable import most_confidently_wrong
from claxon_export.evaluation.results import BaselineEvaluation, HeadEvaluation
from claxon_export.metrics.baselines import Baseline, baseline_answers
from claxon_export.metrics.calibration import calibration_error, reliability_bins, score_histogram
from claxon_export.metrics.results import Estimate, Metric
from claxon_export.metrics.scores import (
    Answers,
    compact,
    confusion_table,
    label_report,
    log_loss_estimate,
    table_estimates,
)

Array = np.ndarray[Any, Any]

NO_PROBABILITIES = "cosines are not probabilities; a temperature makes them so"
NOT_ORDERED = "its labels were not declared to be steps of a scale (--ordered)"
NO_THRESHOLD = "no threshold and no margin were given, so every text has a label"
NO_ANSWER = "no text got a label"


@dataclass(frozen=True, slots=True)
class Resampling:
    """How many resamples the intervals are made of, and their seed."""

    resamples: int
    seed: int


@dataclass(frozen=True, slots=True)
class JudgedTexts:
    """The texts that are evaluated and their places in the source; ``labels`` are the truth, as the data has it."""

    texts: Sequence[str]
    labels: Sequence[LabelValue]
    lines: Sequence[int]


def head_evaluation(
    spec: HeadSpec,
    answers: Answers,
    judged: JudgedTexts,
    absent: tuple[LabelValue, ...],
    resampling: Resampling,
    *,
    is_ordered: bool,
    may_abstain: bool,
    most_wrong: int,
) -> HeadEvaluation:
    """All figures of one head.

    Args:
        spec: What the bundle says of it.
        answers: Its answers.
        judged: To quote from.
        absent: Labels of the head that no text has.
        resampling: For the intervals.
        is_ordered: The labels are steps of a scale.
        may_abstain: A threshold or a margin was given.
        most_wrong: How many texts to quote.
    """
    table = confusion_table(answers)
    is_probability = has_probabilities(spec)
    bins = reliability_bins(answers.best_scores, answers.best == answers.truth) if is_probability else None
    metrics = table_estimates(table, _wanted(is_ordered, may_abstain), **_arguments(resampling))
    if bins is not None:
        metrics[Metric.LOG_LOSS] = log_loss_estimate(answers.truth, answers.scores, **_arguments(resampling))
        metrics[Metric.CALIBRATION_ERROR] = Estimate(calibration_error(bins))
    return HeadEvaluation(
        name=spec.name,
        kind=spec.kind,
        feature=spec.feature,
        score_kind=spec.scores,
        temperature=spec.temperature,
        labels=spec.labels,
        absent_labels=absent,
        metrics=compact(metrics),
        not_told=_not_told(metrics, may_abstain=may_abstain),
        report=label_report(answers, spec.labels),
        confusion=tuple(tuple(row) for row in table[:, :-1].tolist()),
        abstained=tuple(table[:, -1].tolist()),
        reliability=bins,
        scores=score_histogram(answers.best_scores, answers.best == answers.truth, is_probability=is_probability),
        wrong=most_confidently_wrong(answers, judged.texts, judged.lines, spec.labels, most_wrong),
    )


def has_probabilities(spec: HeadSpec) -> bool:
    """Whether the head's scores are probabilities, by themselves or by its temperature."""
    return spec.scores is ScoreKind.PROBABILITY or spec.temperature is not None


@dataclass(frozen=True, slots=True)
class JudgedBaseline:
    """A baseline's figures, and which texts it labels right. Shape: ``(texts,)``, bool."""

    evaluation: BaselineEvaluation
    is_right: Array


def judged_baselines(truth: Array, labels: int, resampling: Resampling, *, is_ordered: bool) -> list[JudgedBaseline]:
    """The baselines on the same texts; ``truth`` are columns of shape ``(texts,)``."""
    result = baseline_answers(truth, labels, resampling.seed)
    return [_judged_baseline(name, truth, labels, result, resampling, is_ordered=is_ordered) for name in result]


def _judged_baseline(
    name: Baseline,
    truth: Array,
    labels: int,
    result: Mapping[Baseline, Any],
    resampling: Resampling,
    *,
    is_ordered: bool,
) -> JudgedBaseline:
    predicted, probabilities = result[name].predicted, result[name].probabilities
    answers = Answers(truth, predicted, predicted, np.zeros((len(truth), labels), np.float32))
    metrics = table_estimates(confusion_table(answers), _wanted(is_ordered, False), **_arguments(resampling))
    if probabilities is not None:
        metrics[Metric.LOG_LOSS] = log_loss_estimate(truth, probabilities, **_arguments(resampling))
    return JudgedBaseline(BaselineEvaluation(str(name), compact(metrics)), answers.is_right)


def _wanted(is_ordered: bool, may_abstain: bool) -> list[Metric]:
    always = [Metric.ACCURACY, Metric.MACRO_F1, Metric.WEIGHTED_F1]
    ordered = [Metric.WITHIN_ONE] if is_ordered else []
    return [*always, *ordered, *([Metric.COVERAGE, Metric.ANSWERED_ACCURACY] if may_abstain else [])]


def _not_told(metrics: Mapping[Metric, Estimate], *, may_abstain: bool) -> dict[Metric, str]:
    reasons = {
        Metric.LOG_LOSS: NO_PROBABILITIES,
        Metric.CALIBRATION_ERROR: NO_PROBABILITIES,
        Metric.WITHIN_ONE: NOT_ORDERED,
        Metric.COVERAGE: NO_THRESHOLD,
        Metric.ANSWERED_ACCURACY: NO_ANSWER if may_abstain else NO_THRESHOLD,
    }
    return {metric: reasons[metric] for metric in Metric if metric not in metrics}


def _arguments(resampling: Resampling) -> dict[str, int]:
    return {"resamples": resampling.resamples, "seed": resampling.seed}
