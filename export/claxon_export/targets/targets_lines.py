"""What is said on a terminal of heads of several labels a text, and of numbers."""

from __future__ import annotations

from claxon.bundle.manifest import ScoreKind
from claxon.cli.rendering import facts, table
from claxon_export.evaluation.wording import label_figures
from claxon_export.metrics.results import spelled
from claxon_export.metrics.several import TargetScores
from claxon_export.targets.targets_evaluation import TargetsEvaluation

TITLES = {
    "micro_f1": "micro F1",
    "macro_f1": "macro F1",
    "samples_f1": "samples F1",
    "subset_accuracy": "subset accuracy",
    "mae": "mean absolute error",
    "rmse": "root mean squared error",
    "spearman": "Spearman",
}
MOST_LABELS = 30


def targets_lines(evaluation: TargetsEvaluation) -> list[str]:
    """The figures, and a line for each label."""
    what = "a number" if evaluation.score_kind is ScoreKind.REGRESSION else f"{len(evaluation.labels)} labels"
    title = f"{evaluation.bundle} on {evaluation.data}: {evaluation.texts:,} texts"
    head = f"head {evaluation.head}: {evaluation.kind} on {evaluation.feature}, {what}"
    return [title, head, *score_lines(evaluation.scores)]


def score_lines(scores: TargetScores) -> list[str]:
    """The figures by their names, then precision, recall and F1 of each label."""
    lines = facts({TITLES[name]: f"{value:.3f}" for name, value in scores.figures.items()})
    if not scores.report:
        return lines
    rows = [["", "precision", "recall", "F1", "texts", "labeled so"]]
    rows += [[spelled(one.label), *label_figures(one)] for one in scores.report[:MOST_LABELS]]
    rest = len(scores.report) - MOST_LABELS
    more = [f"  and {rest} more labels: --json"] if rest > 0 else []
    return [*lines, "", *table(rows), *more]
