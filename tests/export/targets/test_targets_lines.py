"""What is said of several labels: the figures, then the labels, the first thirty of many."""

from __future__ import annotations

from claxon_export.metrics.results import LabelScores
from claxon_export.metrics.several import TargetScores
from claxon_export.targets.targets_lines import MOST_LABELS, score_lines


def test_many_labels_are_cut_and_counted() -> None:
    report = tuple(LabelScores(f"label {i}", 0.5, 0.5, 0.5, 3, 4) for i in range(MOST_LABELS + 2))
    lines = score_lines(TargetScores({"micro_f1": 0.25}, report))
    assert lines[0].split() == ["micro", "F1", "0.250"]
    assert lines[-1].strip() == "and 2 more labels: --json"
    assert len(lines) == MOST_LABELS + 4
