"""The tables of the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from claxon_export.evaluation.report.markup import (
    Column,
    Content,
    Markup,
    definitions,
    joined,
    own_direction,
    table,
    tag,
)
from claxon_export.evaluation.results import Evaluation, HeadEvaluation
from claxon_export.evaluation.wording import (
    NOTHING,
    TITLES,
    difference,
    label_figures,
    number,
    p_value,
    quoted,
    row_name,
    told_metrics,
    verdict,
)
from claxon_export.metrics.baselines import Baseline
from claxon_export.metrics.calibration import BINS
from claxon_export.metrics.results import Estimate, Metric, spelled
from claxon_export.metrics.significance import FEW_DISCORDANT

QUOTED_CHARACTERS = 420


def figures_table(evaluation: Evaluation) -> Markup:
    """Heads and baselines by metric, the accuracy drawn beside it."""
    metrics = told_metrics(evaluation)
    columns = [Column(""), Column("accuracy from 0 to 1"), *(Column(TITLES[metric]) for metric in metrics)]
    rows: list[list[Content]] = [
        [
            own_direction(row_name(result)),
            _strip(result.metrics[Metric.ACCURACY]),
            *(_estimate(result.metrics.get(metric)) for metric in metrics),
        ]
        for result in evaluation.judged
    ]
    kinds = ["head"] * len(evaluation.heads) + ["baseline"] * len(evaluation.baselines)
    return table(columns, rows, row_kinds=kinds)


def comparison_table(evaluation: Evaluation) -> Markup:
    """Who is better, by how much, and whether that may be chance."""
    columns = [
        Column("verdict"), Column("difference in accuracy"), Column("only the first right"),
        Column("only the second right"), Column("McNemar's test"),
    ]  # fmt: skip
    rows: list[list[Content]] = [
        [
            verdict(result), difference(result), f"{result.only_first_right:,}", f"{result.only_second_right:,}",
            p_value(result),
        ]
        for result in (comparison.better_first for comparison in evaluation.comparisons)
    ]  # fmt: skip
    return table(columns, rows, kind="verdicts")


def report_table(head: HeadEvaluation) -> Markup:
    """Precision, recall and F1 of each label."""
    columns = [Column(title) for title in ("label", "precision", "recall", "F1", "texts", "labeled so")]
    rows: list[list[Content]] = [
        [own_direction(spelled(result.label)), *label_figures(result)] for result in head.report
    ]
    return table(columns, rows)


def wrong_table(head: HeadEvaluation, place: str) -> Markup:
    """Texts that the head is surest about and wrong."""
    columns = [
        Column(place),
        Column("truth"),
        Column("label given", "given"),
        Column("score", "number"),
        Column("text", "text"),
    ]
    rows: list[list[Content]] = [
        [
            str(result.line), own_direction(spelled(result.truth)), own_direction(spelled(result.predicted)),
            number(result.score), own_direction(quoted(result.text, QUOTED_CHARACTERS)),
        ]
        for result in head.wrong
    ]  # fmt: skip
    return table(columns, rows, kind="words")


def slow_table(evaluation: Evaluation) -> Markup:
    """The texts with most tokens, timed."""
    columns = [
        Column(evaluation.source.place),
        Column("ms", "number"),
        Column("tokens", "number"),
        Column("text", "text"),
    ]
    rows: list[list[Content]] = [
        [
            str(result.line),
            f"{result.latency_ms:.1f}",
            f"{result.n_tokens:,}",
            own_direction(quoted(result.text, QUOTED_CHARACTERS)),
        ]
        for result in evaluation.slowest
    ]
    limit = evaluation.conditions.max_tokens
    caption = (
        "The texts with most tokens, each alone through encoder and heads, medians of three runs; "
        f"what is beyond {limit} tokens is cut"
    )
    return table(columns, rows, caption=caption, kind="words")


def label_table(evaluation: Evaluation) -> Markup:
    """How often each label occurs."""
    counts = evaluation.source.label_counts
    rows: list[list[Content]] = [
        [own_direction(label), f"{texts:,}", f"{texts / evaluation.source.texts:.1%}"]
        for label, texts in counts.items()
    ]
    return table([Column("label"), Column("texts"), Column("share")], rows)


def conditions_list(evaluation: Evaluation) -> Iterator[Markup]:
    """What ran on what, and what the figures mean."""
    ran, source = evaluation.conditions, evaluation.source
    yield definitions(
        [
            ("bundle", f"{ran.bundle}, {ran.architecture}, digest {ran.digest}"),
            ("texts", f"{source.name}, SHA-256 {source.sha256}"),
            ("ran", f"{ran.precision} on {ran.device}, at most {ran.max_tokens} tokens per text"),
            ("threshold", "none" if ran.threshold is None else f"{ran.threshold:g}: below it a text has no label"),
            ("margin", "none" if ran.margin is None else f"{ran.margin:g}: by less above the second best, no label"),
            ("seed", str(ran.seed)),
            ("versions", ", ".join(f"{name} {version}" for name, version in ran.versions.items())),
        ]
    )
    yield definitions(_methods(evaluation))


def _methods(evaluation: Evaluation) -> Iterable[tuple[str, Content]]:
    return [
        (
            "intervals",
            f"95 % bootstrap percentiles of {evaluation.conditions.resamples:,} resamples of the texts, not label by "
            "label: how often each label occurs is a matter of chance as well. The calibration error has none: "
            "resampling only adds to it.",
        ),
        (
            "F1",
            "Macro: the mean over labels that are the truth or were given. Weighted: by the truth's counts. A text "
            "without a label counts as wrong.",
        ),
        ("log loss", "Mean of minus the logarithm of the truth's probability; smaller is better."),
        (
            "calibration error",
            f"Expected calibration error, {BINS} bins of equal width by the best label's probability (Guo et al. "
            "2017); smaller is better.",
        ),
        (
            "McNemar",
            f"On texts that one labels right and the other wrong: exact binomial for fewer than {FEW_DISCORDANT} of "
            "them, else chi-square with continuity correction; two-sided, not corrected for several comparisons.",
        ),
        (
            "baselines",
            f"{Baseline.MOST_FREQUENT} always predicts the most common label of these texts, its probabilities are the "
            f"labels' shares; {Baseline.STRATIFIED} draws labels by these shares, once, with the seed.",
        ),
    ]


def _estimate(result: Estimate | None) -> Content:
    if result is None:
        return NOTHING
    if result.low is None or result.high is None:
        return number(result.value)
    interval = tag("span", f"{number(result.low)} to {number(result.high)}", class_="interval")
    return joined([number(result.value), interval], "")


def _strip(result: Estimate) -> Markup:
    """A dot with its interval on a line from 0 to 1."""
    low, high = (result.value if end is None else end for end in (result.low, result.high))
    place, left, right = (4 + 92 * share for share in (result.value, low, high))
    return Markup(
        f'<svg class="strip" role="img" '
        f'aria-label="{number(result.value)}, interval {number(low)} to {number(high)}">'
        f'<line class="scale" x1="4%" x2="96%" y1="50%" y2="50%"/>'
        f'<line class="range" x1="{left:.2f}%" x2="{right:.2f}%" y1="50%" y2="50%"/>'
        f'<circle cx="{place:.2f}%" cy="50%" r="4"/></svg>'
    )
