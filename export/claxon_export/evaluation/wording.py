"""Figures in words, the same on the terminal and on the page."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import PurePath

from claxon_export.evaluation.results import BaselineEvaluation, Evaluation, HeadEvaluation
from claxon_export.metrics.results import Comparison, Estimate, LabelScores, Metric
from claxon_export.metrics.significance import McNemar

TITLES = {
    Metric.ACCURACY: "accuracy",
    Metric.MACRO_F1: "macro F1",
    Metric.WEIGHTED_F1: "weighted F1",
    Metric.LOG_LOSS: "log loss",
    Metric.CALIBRATION_ERROR: "calibration error",
    Metric.WITHIN_ONE: "within one step",
    Metric.COVERAGE: "labeled at all",
    Metric.ANSWERED_ACCURACY: "accuracy of the labeled",
}
BASELINES = {"most_frequent": "most frequent label", "stratified": "labels drawn by share"}
SIGNIFICANT = 0.05
NOTHING = "-"


def told_metrics(evaluation: Evaluation) -> list[Metric]:
    """The metrics that a head has, in order."""
    told = {metric for head in evaluation.heads for metric in head.metrics}
    return [metric for metric in Metric if metric in told]


def number(value: float) -> str:
    """Three decimals."""
    return f"{value:.3f}"


def estimate(result: Estimate | None) -> str:
    """``0.944 (0.934-0.954)``, without the interval where there is none, and a dash for nothing."""
    if result is None:
        return NOTHING
    if result.low is None or result.high is None:
        return number(result.value)
    return f"{number(result.value)} ({number(result.low)}-{number(result.high)})"


def row_name(judged: HeadEvaluation | BaselineEvaluation) -> str:
    """A head's own name; a baseline's in words."""
    return judged.name if isinstance(judged, HeadEvaluation) else BASELINES.get(judged.name, judged.name)


def percent(value: float) -> str:
    """``94.3%``; rounded as ``number`` rounds, so that the two agree."""
    return f"{float(number(value)):.1%}"


def p_value(result: Comparison) -> str:
    """``p = 0.031 (exact)``, or ``p < 0.001 (chi-square)``."""
    test = "exact" if result.test == McNemar.EXACT else "chi-square"
    return f"p < 0.001 ({test})" if result.p_value < 0.001 else f"p = {result.p_value:.3f} ({test})"


def title(evaluation: Evaluation) -> str:
    """What was evaluated on what, without the folders that they lie in."""
    return f"{evaluation.conditions.bundle} evaluated on {PurePath(evaluation.source.name).name}"


def points(share: float) -> str:
    """A share as percentage points with its sign."""
    return f"{100 * share:+.1f}"


def verdict(result: Comparison) -> str:
    """What a comparison with the better one first says, in a sentence."""
    first, second = (BASELINES.get(name, name) for name in (result.first, result.second))
    if result.p_value >= SIGNIFICANT:
        return f"{first} against {second}: no significant difference on these texts"
    return f"{first} labels more texts right than {second}"


def difference(result: Comparison) -> str:
    """The difference of the accuracies, in points, with its interval."""
    interval = result.difference
    if interval.low is None or interval.high is None:
        return points(interval.value)
    return f"{points(interval.value)} points ({points(interval.low)} to {points(interval.high)})"


def label_figures(result: LabelScores) -> list[str]:
    """Precision, recall, F1, and both counts; a dash where there is nothing to divide by."""
    told = (result.predicted, result.support, result.predicted + result.support)
    figures = (result.precision, result.recall, result.f1)
    words = [number(figure) if texts else NOTHING for figure, texts in zip(figures, told, strict=True)]
    return [*words, f"{result.support:,}", f"{result.predicted:,}"]


def reasons(evaluation: Evaluation) -> list[str]:
    """Why a dash stands where another head has a figure; each reason once."""
    told = told_metrics(evaluation)
    requested = [*told, Metric.LOG_LOSS, Metric.CALIBRATION_ERROR]
    result: dict[str, list[str]] = {}
    for head in evaluation.heads:
        for reason in dict.fromkeys(head.not_told[metric] for metric in requested if metric in head.not_told):
            result.setdefault(reason, []).append(head.name)
    return [
        f"{' and '.join(_titles(evaluation, reason))} of {', '.join(names)}: {reason}"
        for reason, names in result.items()
    ]


def _titles(evaluation: Evaluation, reason: str) -> Iterable[str]:
    metrics = {metric for head in evaluation.heads for metric, why in head.not_told.items() if why == reason}
    return (TITLES[metric] for metric in Metric if metric in metrics)


def source_facts(evaluation: Evaluation) -> list[str]:
    """What was left out, and what was cut."""
    source, texts = evaluation.source, evaluation.source.texts
    facts = [f"{count:,} left out: {reason}" for reason, count in source.left_out.items()]
    if evaluation.truncated:
        limit = evaluation.conditions.max_tokens
        facts.append(f"{evaluation.truncated:,} of {texts:,} texts were cut at {limit} tokens")
    return facts


def quoted(text: str, most: int) -> str:
    """A text on one line, cut at so many characters; what would steer a terminal is replaced."""
    line = visible(" ".join(text.split()))
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


# Persian and Indian scripts, and emoji of several people, are not the same without.
JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"


def visible(text: str, kept: str = "") -> str:
    """The text with every character replaced that would steer a terminal, turn a line's direction, or show nothing.

    Spaces of every width, joiners and the characters ``kept`` stay.
    """
    return "".join(c if c in kept or _is_shown(c) else "\N{REPLACEMENT CHARACTER}" for c in text)


def _is_shown(character: str) -> bool:
    return character.isprintable() or character in JOINERS or unicodedata.category(character) == "Zs"
