"""Which phrasings stand best for the five steps from Very Negative to Very Positive: chosen on reviews with stars.

    python benchmarks/accuracy/choose_phrasings.py BUNDLE BUNDLE --reviews amazon_reviews/train.csv --out likert.json

From the candidates (``phrasing_candidates.json``) those are dropped, one at a time, without which the rest does best:
the largest balanced accuracy over the five steps, mean over all bundles. Reviews of one, two, four and five stars
are taken as they are. None has three stars, so that the middle is made: the beginning of a review of two stars and the
end of one of four, or the other way round, of the same kind of goods. What is chosen on one half of the texts is judged
on the other half, and printed; what is written is chosen on all of them. The same seed gives the same file.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import claxon
from claxon.bundle.manifest import Feature
from claxon.encoder.features import FloatMatrix
from claxon.heads.label_sets import Combine
from claxon.heads.similarity import label_matrix, similarity_scores
from claxon.text.tokens import IntArray
from claxon_export.data.feature_cache import cached_features

STEPS = ("Very Negative", "Negative", "Neutral", "Positive", "Very Positive")
STEP_OF_STARS = {"1": 0, "2": 1, "4": 3, "5": 4}
MIDDLE = 2
TEXTS_A_STEP = 700
LONGEST_WORDS = 180
HALF_WORDS = 60
# Judged on the halves that they were not chosen on, mean of four: all 55 candidates of a step 0.386 and 0.342 (MPNet,
# MiniLM), the best 20 of them 0.397 and 0.359, the best 6 0.378 and 0.343.
PHRASINGS_A_STEP = 20


@dataclass(frozen=True, slots=True)
class Texts:
    """Reviews and the step of each. Shape of ``steps``: ``(texts,)``, int64."""

    texts: list[str]
    steps: IntArray


@dataclass(frozen=True, slots=True)
class Space:
    """Reviews and candidates as one encoder sees them.

    Attributes:
        texts: Shape: ``(texts, width)``, float32, unit norm.
        candidates: Shape: ``(candidates, width)``, float32, unit norm.
    """

    name: str
    texts: FloatMatrix
    candidates: FloatMatrix


Choice = list[list[int]]
"""Rows of the candidates, step by step."""


def main(words: Sequence[str] | None = None) -> None:
    """Choose, tell, and write."""
    options = _options(words)
    candidates = json.loads(Path(options.candidates).read_text(encoding="utf-8"))
    reviews = read_reviews(options.reviews, seed=options.seed)
    spaces = [_space(bundle, reviews.texts, candidates) for bundle in options.bundles]
    rows = rows_of(candidates)
    halves = np.random.default_rng(options.seed).permutation(len(reviews.texts)) % 2
    for half in (0, 1):
        found = chosen(spaces, reviews.steps, rows, halves == half)
        _tell(f"chosen on half {half}, judged on the other", spaces, reviews.steps, found, halves != half)
    _tell("bare labels, all texts", spaces, reviews.steps, [step[:1] for step in rows], halves >= 0)
    _tell("all candidates, all texts", spaces, reviews.steps, rows, halves >= 0)
    found = chosen(spaces, reviews.steps, rows, halves >= 0)
    _tell("chosen on all texts", spaces, reviews.steps, found, halves >= 0)
    names = [phrasing for step in STEPS for phrasing in candidates[step]]
    content = {step: [names[row] for row in picked] for step, picked in zip(STEPS, found, strict=True)}
    Path(options.out).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("bundles", metavar="BUNDLE", nargs="+", help="sentence encoders to choose for")
    parser.add_argument("--reviews", required=True, help="CSV with the columns text, stars and domain")
    parser.add_argument("--candidates", default=Path(__file__).with_name("phrasing_candidates.json"))
    parser.add_argument("--out", required=True, help="label file to write")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(words)


def read_reviews(path: str, *, seed: int) -> Texts:
    """``TEXTS_A_STEP`` texts of each step, those of the middle made of two each."""
    with Path(path).open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if len(row["text"].split()) <= LONGEST_WORDS]
    chance = random.Random(seed)
    chance.shuffle(rows)
    texts, steps = _middle(rows, chance), [MIDDLE] * TEXTS_A_STEP
    for stars, step in STEP_OF_STARS.items():
        of_step = [row["text"] for row in rows if row["stars"] == stars][:TEXTS_A_STEP]
        texts += of_step
        steps += [step] * len(of_step)
    return Texts(texts, np.array(steps))


def _middle(rows: Sequence[dict[str, str]], chance: random.Random) -> list[str]:
    low, high = ([row for row in rows if row["stars"] == stars] for stars in ("2", "4"))
    texts = []
    for _ in range(TEXTS_A_STEP):
        first = chance.choice(low)
        second = chance.choice([row for row in high if row["domain"] == first["domain"]])
        pair = [first["text"], second["text"]]
        chance.shuffle(pair)
        texts.append(f"{' '.join(pair[0].split()[:HALF_WORDS])} {' '.join(pair[1].split()[-HALF_WORDS:])}")
    return texts


def _space(bundle: str, texts: Sequence[str], candidates: dict[str, list[str]]) -> Space:
    with claxon.Encoder.load(bundle) as encoder:
        vectors = cached_features(encoder, texts, features=[Feature.EMBEDDING], precision="auto")
        phrasings = encoder.encode([phrasing for step in STEPS for phrasing in candidates[step]])
        return Space(f"{Path(bundle).name} {encoder.precision}", vectors[Feature.EMBEDDING], phrasings)


def rows_of(candidates: dict[str, list[str]]) -> Choice:
    """Where the candidates of each step stand among all of them."""
    counts = [len(candidates[step]) for step in STEPS]
    starts = np.cumsum([0, *counts])
    return [list(range(start, start + count)) for start, count in zip(starts, counts, strict=False)]


def chosen(spaces: Sequence[Space], steps: IntArray, rows: Choice, is_used: np.ndarray) -> Choice:
    """``PHRASINGS_A_STEP`` of each step: from the longest lists the phrasing goes that is missed least."""
    used = [Used(space.texts[is_used] @ space.candidates.T, space.candidates @ space.candidates.T) for space in spaces]
    found = [list(step) for step in rows]
    while max(map(len, found)) > PHRASINGS_A_STEP:
        longest = [step for step, group in enumerate(found) if len(group) == max(map(len, found))]
        scores = {
            step: np.mean([space.without(found, step, steps[is_used]) for space in used], axis=0) for step in longest
        }
        step = max(longest, key=lambda step: scores[step].max())
        del found[step][int(scores[step].argmax())]
    return found


@dataclass(frozen=True, slots=True)
class Used:
    """The texts to choose on.

    Attributes:
        cosines: Of texts and candidates. Shape: ``(texts, candidates)``, float32.
        alike: Of candidates and candidates. Shape: ``(candidates, candidates)``, float32.
    """

    cosines: FloatMatrix
    alike: FloatMatrix

    def without(self, choice: Choice, step: int, steps: IntArray) -> np.ndarray:
        """The balanced accuracy without each phrasing of a step in turn. Shape: ``(phrasings of the step,)``."""
        group = choice[step]
        scores = np.stack([self._column(other) for other in choice], axis=1)
        scores[:, step] = -np.inf
        rival, rival_score = scores.argmax(axis=1), scores.max(axis=1)
        squares = self.alike[np.ix_(group, group)].sum() - 2 * self.alike[np.ix_(group, group)].sum(axis=0) + 1
        left = self.cosines[:, group].sum(axis=1, keepdims=True) - self.cosines[:, group]
        wins = left / np.sqrt(squares) > rival_score[:, np.newaxis]
        is_right = np.where(wins, (steps == step)[:, np.newaxis], (rival == steps)[:, np.newaxis])
        weights = 1 / np.bincount(steps)[steps]
        return np.asarray(weights @ is_right / len(choice))

    def _column(self, group: Sequence[int]) -> np.ndarray:
        """The cosine of each text with the group's mean. Shape: ``(texts,)``."""
        length = np.sqrt(self.alike[np.ix_(group, group)].sum())
        return np.asarray(self.cosines[:, list(group)].sum(axis=1) / length)


def balanced_accuracy(found: IntArray, steps: IntArray) -> float:
    """The mean over the steps of the share that is right."""
    return float(np.mean([(found[steps == step] == step).mean() for step in np.unique(steps)]))


def _tell(title: str, spaces: Sequence[Space], steps: IntArray, choice: Choice, is_used: np.ndarray) -> None:
    print(title)
    counts = [len(group) for group in choice]
    rows = [row for group in choice for row in group]
    for space in spaces:
        for combine in Combine:
            matrix = label_matrix(space.candidates[rows], counts, combine)
            found = similarity_scores(space.texts[is_used], matrix, counts, combine).argmax(axis=1)
            near = float((np.abs(found - steps[is_used]) <= 1).mean())
            accuracy = balanced_accuracy(found, steps[is_used])
            print(f"  {space.name:<28} {combine:<5} accuracy {accuracy:.3f}  within one step {near:.3f}")


if __name__ == "__main__":
    main()
