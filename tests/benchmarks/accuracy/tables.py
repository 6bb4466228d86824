"""Small tables laid out as the experiments want them, and rows to write about."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from accuracy.experiments import Model, Published, Texts
from accuracy.running import Row
from claxon_export.metrics.results import Estimate

GOOD = ("great book , i love it", "the food was very good", "my phone works , good price", "really good service")
BAD = ("awful film , i hate it", "the phone broke today", "bad service , and it arrived late", "not good , awful")


def write_table(path: Path, labels: Sequence[str], repeats: int = 3) -> Path:
    """Reviews with two labels, the first for the good ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for number in range(repeats):
            writer.writerows([(f"{text} {number}", labels[0]) for text in GOOD])
            writer.writerows([(f"{text} {number}", labels[1]) for text in BAD])
    return path


def sample_row(
    name: str = "MPNet + LR, reviews",
    precision: str = "fp32",
    accuracy: float = 0.85,
    texts: Texts = Texts.AMAZON_REVIEWS,
    judged: int = 800,
    published: Published | None = None,
) -> Row:
    estimate = Estimate(accuracy, accuracy - 0.02, accuracy + 0.02)
    difference = "other texts" if published else ""
    return Row(name, Model.MPNET, precision, texts, 5600, judged, estimate, accuracy, 0.5, None, published, difference)
