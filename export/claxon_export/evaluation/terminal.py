"""An evaluation as aligned lines for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from claxon.bundle.manifest import LabelValue
from claxon.cli.rendering import NO_BREAK, WIDTH, facts, table
from claxon_export.evaluation.results import Evaluation, HeadEvaluation
from claxon_export.evaluation.wording import (
    TITLES,
    difference,
    estimate,
    label_figures,
    number,
    p_value,
    quoted,
    reasons,
    row_name,
    source_facts,
    told_metrics,
    verdict,
)
from claxon_export.metrics.results import Comparison, spelled

MOST_LABELS, LABEL_CHARACTERS = 30, 40
WRONG_TEXTS, SLOW_TEXTS = 5, 3
INDENT = "  "


def evaluation_lines(evaluation: Evaluation) -> list[str]:
    """All that fits on a screen: the figures, the comparisons, each head's labels, texts to read."""
    parts = [
        [_title(evaluation), *_wrapped((*source_facts(evaluation), *evaluation.notes))],
        _figures(evaluation),
        _comparisons(evaluation),
        *(_head(head, evaluation.source.place) for head in evaluation.heads),
        _slowest(evaluation),
    ]
    return [line for part in parts if part for line in (*part, "")][:-1]


def _title(evaluation: Evaluation) -> str:
    ran, source = evaluation.conditions, evaluation.source
    return (
        f"{ran.bundle} on {source.name}: {source.texts:,} texts, {len(source.label_counts)} labels; "
        f"{ran.precision} on {ran.device}"
    )


def _figures(evaluation: Evaluation) -> list[str]:
    metrics = told_metrics(evaluation)
    rows = [["", *(TITLES[metric] for metric in metrics)]]
    rows += [
        [row_name(judged), *(estimate(judged.metrics.get(metric)) for metric in metrics)]
        for judged in evaluation.judged
    ]
    note = f"in brackets: 95 % bootstrap intervals, {evaluation.conditions.resamples:,} resamples"
    turned = [list(column) for column in zip(*rows, strict=True)]
    narrower = min(table(rows), table(turned), key=lambda lines: max(map(len, lines)))
    return [*narrower, *_wrapped((note, *reasons(evaluation)))]


def _comparisons(evaluation: Evaluation) -> list[str]:
    rows = [[verdict(result), difference(result), p_value(result)] for result in _better_first(evaluation)]
    return ["on the same texts, by McNemar's test", *table(rows)] if rows else []


def _better_first(evaluation: Evaluation) -> Iterable[Comparison]:
    return (result.better_first for result in evaluation.comparisons)


def _head(head: HeadEvaluation, place: str) -> list[str]:
    rows = [["", "precision", "recall", "F1", "texts", "labeled so"]]
    rows += [[_label(scores.label), *label_figures(scores)] for scores in head.report[:MOST_LABELS]]
    rest = len(head.report) - MOST_LABELS
    more = [f"{INDENT}and {rest} more labels: --json, --report"] if rest > 0 else []
    return [f"head {head.name}: {head.kind} on {head.feature}", *table(rows), *more, *_wrong(head, place)]


def _wrong(head: HeadEvaluation, place: str) -> list[str]:
    texts = {
        f"{place} {text.line}": f"{_label(text.truth)}, called {_label(text.predicted)} with {number(text.score)}: "
        + quoted(text.text, WIDTH).replace(" ", NO_BREAK)
        for text in head.wrong[:WRONG_TEXTS]
    }
    return [f"{INDENT}most confidently wrong", *facts(texts, indent=2 * INDENT)] if texts else []


def _label(label: LabelValue) -> str:
    return quoted(spelled(label), LABEL_CHARACTERS)


def _wrapped(sentences: Iterable[str]) -> list[str]:
    return [
        line
        for sentence in sentences
        for line in textwrap.wrap(sentence, WIDTH, initial_indent=INDENT, subsequent_indent=2 * INDENT)
    ]


def _slowest(evaluation: Evaluation) -> list[str]:
    rows = [
        [f"{evaluation.source.place} {text.line}", f"{text.latency_ms:.1f} ms", f"{text.n_tokens:,} tokens"]
        for text in evaluation.slowest[:SLOW_TEXTS]
    ]
    return ["slowest texts, each alone, medians of three", *table(rows)] if rows else []
