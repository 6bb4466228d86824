"""Rows -> the table that is written down, published figure beside ours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from accuracy.experiments import Texts
from accuracy.padding import PaddingFound
from accuracy.running import Row
from claxon_export.metrics.results import Estimate

REFERENCE = "fp32"


@dataclass(frozen=True, slots=True)
class Pooled:
    """Accuracy of one model's fitted heads over the validation rows of several tables together."""

    precision: str
    texts: tuple[Texts, ...]
    judged: int
    accuracy: float


def pooled(rows: Sequence[Row]) -> list[Pooled]:
    """Each precision's accuracy over all validation rows of the tables that its heads were fitted on."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.precision].append(row)
    return [
        Pooled(
            precision,
            tuple(row.texts for row in group),
            sum(row.judged for row in group),
            sum(row.accuracy.value * row.judged for row in group) / sum(row.judged for row in group),
        )
        for precision, group in groups.items()
    ]


def report(rows: Sequence[Row], together: Sequence[Pooled], padding: PaddingFound | None) -> str:
    """The whole page, in Markdown."""
    parts = ["# The published experiments, again", EXPLANATION, _table(rows)]
    parts += ["## Why figures differ", _differences(rows)]
    if together:
        parts += ["## What speed costs", _pooled_table(together)]
    if padding is not None:
        parts += ["## The mean over padding", _padding(padding)]
    return "\n\n".join(parts) + "\n"


EXPLANATION = (
    "Accuracy on validation texts that no head fitted here has seen, with its 95 % bootstrap interval; heads are "
    "fitted and judged in the same precision, their C chosen by cross-validation on the training texts alone; the "
    "labels of similarity are embedded in fp32. *most frequent* always names the commonest label. *within one* counts "
    "the next step of a scale as right.\n\n"
    "Again, with the published checkpoints: `claxon export distilbert/distilbert-base-uncased-finetuned-sst-2-english "
    "out/sst2 --precision fp32,int8`, `claxon export sentence-transformers/all-mpnet-base-v2 out/mpnet --precision "
    "fp32,int8`, then `make accuracy DATA=folder DISTILBERT=out/sst2 MPNET=out/mpnet`, and for the mean over padding "
    "`DISTILBERT_CHECKPOINT=folder`. How much better phrasings are than bare labels, on the same texts: "
    "[five_steps.md](five_steps.md)."
)


def _table(rows: Sequence[Row]) -> str:
    precisions = list(dict.fromkeys(row.precision for row in rows))
    header = ["experiment", "learnt from", "judged", "most frequent", "published", *precisions]
    lines = [_line(header), _line(["---", *["---:"] * (len(header) - 1)])]
    for name in dict.fromkeys(row.experiment for row in rows):
        found = {row.precision: row for row in rows if row.experiment == name}
        first = next(iter(found.values()))
        published = f"{first.published.accuracy:.4g}" if first.published else ""
        cells = [_cell(found[precision]) if precision in found else "" for precision in precisions]
        learnt = f"{first.learnt_from:,}" if first.learnt_from else "nothing"
        lines.append(_line([name, learnt, f"{first.judged:,}", f"{first.most_frequent:.3f}", published, *cells]))
    return "\n".join(lines)


def _cell(row: Row) -> str:
    near = "" if row.within_one is None else f"; within one {_interval(row.within_one)}"
    return f"**{row.accuracy.value:.3f}** {_bounds(row.accuracy)}{near}"


def _interval(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} {_bounds(estimate)}"


def _bounds(estimate: Estimate) -> str:
    return "" if estimate.low is None or estimate.high is None else f"({estimate.low:.3f} to {estimate.high:.3f})"


def _differences(rows: Sequence[Row]) -> str:
    lines = []
    for name in dict.fromkeys(row.experiment for row in rows if row.published):
        row = next(row for row in rows if row.experiment == name)
        published = f"{row.published.accuracy:.4g} on {row.published.how}" if row.published else ""
        lines.append(f"- {name} (published {published}): {row.difference}.")
    return "\n".join(lines)


def _pooled_table(together: Sequence[Pooled]) -> str:
    names = ", ".join(str(name) for name in together[0].texts)
    lines = [
        f"MPNet's heads over the validation rows of {names} together, each fitted in the precision it is judged in:",
        "",
        _line(["precision", "rows", "accuracy", f"less {REFERENCE}, points"]),
        _line(["---", "---:", "---:", "---:"]),
    ]
    reference = next((found.accuracy for found in together if found.precision == REFERENCE), None)
    for found in together:
        less = "" if reference is None else f"{100 * (found.accuracy - reference):+.2f}"
        lines.append(_line([found.precision, f"{found.judged:,}", f"{found.accuracy:.4f}", less]))
    return "\n".join(lines)


def _padding(found: PaddingFound) -> str:
    return (
        f"DistilBERT's mean state + LR, {found.texts}, {found.learnt_from:,} texts to learn from, {found.judged:,} "
        "judged, all padded to the longest: over the tokens alone, as Claxon takes it, accuracy is "
        f"{found.tokens_alone:.3f}; over tokens and padding, as the published features were made, "
        f"{found.with_padding:.3f}. A mean that takes padding in depends on the longest text of the table, so that one "
        "text has other features in another table."
    )


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
