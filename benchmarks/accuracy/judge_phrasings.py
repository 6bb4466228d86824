"""How well similarity finds the step of a review: bare labels, descriptions, phrasings, and two dummies.

    python benchmarks/accuracy/judge_phrasings.py BUNDLE BUNDLE --reviews amazon_stars/validation.csv --out FOLDER

Accuracy, and the share within one step of the truth, with percentile bootstrap intervals of 95 % (Efron 1979) over the
reviews; differences are of the same resampled reviews. The reviews must be others than those that the phrasings were
chosen on (``choose_phrasings.py``). A table goes to standard output and, with the figures as JSON, into the folder.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

import claxon
from claxon.heads import LabelHead
from claxon.manifest import Feature
from claxon.tokens import IntArray
from claxon_export.feature_cache import cached_features

STEPS = ("Very Negative", "Negative", "Neutral", "Positive", "Very Positive")
RESAMPLES = 10_000
SEED = 0
LEVEL = 0.95
BARE, PHRASINGS, DUMMY = "bare labels", "phrasings", "commonest label"
Shares = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Share:
    """A share of the reviews, or a difference of two, with its interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Three digits."""
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True, slots=True)
class Judged:
    """One way to label the reviews: how right, how nearly right, and how much better than bare labels and the dummy."""

    bundle: str
    precision: str
    labels: str
    accuracy: Share
    within_one_step: Share
    over_bare: Share
    over_dummy: Share


def main(words: Sequence[str] | None = None) -> None:
    """Judge, print, and write."""
    options = _options(words)
    with Path(options.reviews).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    truth = np.array([STEPS.index(row["label"]) for row in rows])
    draws = np.random.default_rng(SEED).integers(0, len(rows), (RESAMPLES, len(rows)))
    found = [
        judged
        for bundle in options.bundles
        for precision in _precisions(bundle)
        for judged in judge(bundle, precision, [row["text"] for row in rows], truth, draws)
    ]
    table = "\n".join(_table(found))
    print(table)
    if options.out is not None:
        folder = Path(options.out)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "five_steps.md").write_text(table + "\n", encoding="utf-8")
        (folder / "five_steps.json").write_text(json.dumps([asdict(row) for row in found], indent=2) + "\n")


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("bundles", metavar="BUNDLE", nargs="+", help="sentence encoders to judge with")
    parser.add_argument("--reviews", required=True, help="CSV with the columns text and label")
    parser.add_argument("--out", help="folder for the table and the figures")
    return parser.parse_args(words)


def _precisions(bundle: str) -> list[str]:
    return [str(variant.precision) for variant in claxon.Bundle.open(bundle).manifest.encoder.variants]


def judge(bundle: str, precision: str, texts: Sequence[str], truth: IntArray, draws: IntArray) -> list[Judged]:
    """Every way to label the texts, by one encoder. Shape of ``draws``: ``(resamples, texts)``."""
    answers = {**_dummies(truth), **_similarities(bundle, precision, texts)}
    bare, dummy = answers[BARE] == truth, answers[DUMMY] == truth
    return [
        Judged(
            Path(bundle).name,
            precision,
            name,
            accuracy=share(found == truth, draws),
            within_one_step=share(np.abs(found - truth) <= 1, draws),
            over_bare=share((found == truth) - bare.astype(float), draws),
            over_dummy=share((found == truth) - dummy.astype(float), draws),
        )
        for name, found in answers.items()
    ]


def _dummies(truth: IntArray) -> dict[str, IntArray]:
    """The commonest of these very reviews' labels, which no one could know; and the middle, which is near to most."""
    return {DUMMY: np.full(len(truth), np.bincount(truth).argmax()), "always Neutral": np.full(len(truth), 2)}


def _similarities(bundle: str, precision: str, texts: Sequence[str]) -> dict[str, IntArray]:
    with claxon.Encoder.load(bundle, precision=precision) as encoder:
        vectors = cached_features(encoder, texts, features=[Feature.EMBEDDING], precision=precision)[Feature.EMBEDDING]
        return {name: LabelHead.of(encoder, labels)(vectors).argmax(axis=1) for name, labels in label_sets().items()}


def label_sets() -> Mapping[str, claxon.LabelSet]:
    """The same five labels in the same order, said in three ways."""
    likert: Any = files("claxon_export") / "texts" / "likert.json"
    return {
        BARE: claxon.LabelSet.of(STEPS),
        "descriptions": claxon.LabelSet.from_file(Path(__file__).with_name("likert_descriptions.yaml")),
        PHRASINGS: claxon.LabelSet.from_file(Path(str(likert))),
    }


def share(values: np.ndarray[Any, Any], draws: IntArray) -> Share:
    """The mean of the values and the interval of its resampled means. Shapes: ``(texts,)``, ``(resamples, texts)``."""
    means = values.astype(float)[draws].mean(axis=1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Share(float(values.mean()), float(low), float(high))


def _table(found: Sequence[Judged]) -> list[str]:
    head = "| bundle | labels | accuracy | within one step | over bare labels | over the commonest |"
    lines = [head, "|---|---|---|---|---|---|"]
    for row in found:
        cells = [f"{row.bundle} {row.precision}", row.labels, row.accuracy, row.within_one_step, row.over_bare]
        lines.append("| " + " | ".join(map(str, [*cells, row.over_dummy])) + " |")
    return lines


if __name__ == "__main__":
    main()
