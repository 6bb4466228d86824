"""How well similarity finds the step of a review: bare labels, descriptions, phrasings, and two dummies.

    python benchmarks/accuracy/judge_phrasings.py BUNDLE BUNDLE --reviews amazon_stars/validation.csv --out FOLDER

Accuracy, and the share within one step of the truth, with percentile bootstrap intervals of 95 % over the reviews
(``claxon_export.metrics.intervals``); differences are of the same resampled reviews. Every precision that a CPU runs is
judged. The reviews must be others than those that the phrasings were chosen on (``choose_phrasings.py``). A table goes
to standard output and, with the figures as JSON, into the folder.
"""

from __future__ import annotations

import argparse
import csv
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

import claxon
from accuracy.found import tell
from claxon.bundle.manifest import Feature
from claxon.engine.selection import most_exact
from claxon.heads.heads import LabelHead
from claxon.text.tokens import IntArray
from claxon_export.data.feature_cache import cached_features
from claxon_export.metrics.intervals import percentile_interval, resampled_means
from claxon_export.metrics.results import Estimate

STEPS = ("Very Negative", "Negative", "Neutral", "Positive", "Very Positive")
RESAMPLES = 10_000
SEED = 0
BARE, PHRASINGS, DUMMY = "bare labels", "phrasings", "commonest label"
SCRIPT = "benchmarks/accuracy/judge_phrasings.py"


@dataclass(frozen=True, slots=True)
class Judged:
    """One way to label the reviews: how right, how nearly right, and how much better than bare labels and the dummy."""

    bundle: str
    precision: str
    labels: str
    accuracy: Estimate
    within_one_step: Estimate
    over_bare: Estimate
    over_dummy: Estimate


def main(words: Sequence[str] | None = None) -> None:
    """Judge, print, and write."""
    options = _options(words)
    with Path(options.reviews).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    truth = np.array([STEPS.index(row["label"]) for row in rows])
    found = [
        judged
        for bundle in options.bundles
        for precision in cpu_precisions(bundle)
        for judged in judge(bundle, precision, [row["text"] for row in rows], truth)
    ]
    tell("five_steps", "\n".join([_made_by(options), "", *_table(found)]), found, options.out)


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("bundles", metavar="BUNDLE", nargs="+", help="sentence encoders to judge with")
    parser.add_argument("--reviews", required=True, help="CSV with the columns text and label")
    parser.add_argument("--out", help="folder for the table and the figures")
    return parser.parse_args(words)


def cpu_precisions(bundle: str) -> list[str]:
    """What a bundle holds, less the fp16 that only a GPU runs."""
    variants = claxon.Bundle.open(bundle).manifest.encoder.variants
    return [str(variant.precision) for variant in variants if "cpu" in variant.devices]


def judge(bundle: str, precision: str, texts: Sequence[str], truth: IntArray) -> list[Judged]:
    """Every way to label the texts, by one encoder."""
    answers = {**_dummies(truth), **_similarities(bundle, precision, texts)}
    bare, dummy = answers[BARE] == truth, answers[DUMMY] == truth
    return [
        Judged(
            Path(bundle).name,
            precision,
            name,
            accuracy=share(found == truth),
            within_one_step=share(np.abs(found - truth) <= 1),
            over_bare=share((found == truth) - bare.astype(float)),
            over_dummy=share((found == truth) - dummy.astype(float)),
        )
        for name, found in answers.items()
    ]


def _dummies(truth: IntArray) -> dict[str, IntArray]:
    """The commonest of these very reviews' labels, which no one could know; and the middle, which is near to most."""
    return {DUMMY: np.full(len(truth), np.bincount(truth).argmax()), "always Neutral": np.full(len(truth), 2)}


def _similarities(bundle: str, precision: str, texts: Sequence[str]) -> dict[str, IntArray]:
    """As ``add_head`` does, labels are embedded in fp32 where the bundle holds it."""
    with claxon.Encoder.load(bundle, device="cpu", precision=precision) as encoder:
        vectors = cached_features(encoder, texts, features=[Feature.EMBEDDING], precision=precision)[Feature.EMBEDDING]
        variants = encoder.spec.variants
    with claxon.Encoder.load(bundle, device="cpu", precision=most_exact(variants)) as encoder:
        return {name: LabelHead.of(encoder, labels)(vectors).argmax(axis=1) for name, labels in label_sets().items()}


def label_sets() -> Mapping[str, claxon.LabelSet]:
    """The same five labels in the same order, said in three ways."""
    likert: Any = files("claxon_export") / "texts" / "likert.json"
    return {
        BARE: claxon.LabelSet.of(STEPS),
        "descriptions": claxon.LabelSet.from_file(Path(__file__).with_name("likert_descriptions.yaml")),
        PHRASINGS: claxon.LabelSet.from_file(Path(str(likert))),
    }


def share(values: np.ndarray[Any, Any]) -> Estimate:
    """The mean of values of shape ``(texts,)``, with its interval; every call draws the same texts."""
    return percentile_interval(values.mean(), resampled_means(values, RESAMPLES, SEED))


def _made_by(options: argparse.Namespace) -> str:
    """The command, without the folders of this machine."""
    reviews = Path(options.reviews).absolute()
    bundles = [Path(bundle).name for bundle in options.bundles]
    words = ["python", SCRIPT, *bundles, "--reviews", f"{reviews.parent.name}/{reviews.name}"]
    words += [] if options.out is None else ["--out", "FOLDER"]
    return f"Made by `{shlex.join(words)}`, seed {SEED}, {RESAMPLES:,} resamples."


def _table(found: Sequence[Judged]) -> list[str]:
    head = "| bundle | labels | accuracy | within one step | over bare labels | over the commonest |"
    lines = [head, "|---|---|---|---|---|---|"]
    for row in found:
        figures = map(_figure, [row.accuracy, row.within_one_step, row.over_bare, row.over_dummy])
        lines.append("| " + " | ".join([f"{row.bundle} {row.precision}", row.labels, *figures]) + " |")
    return lines


def _figure(found: Estimate) -> str:
    """Three digits, and the interval."""
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


if __name__ == "__main__":
    main()
