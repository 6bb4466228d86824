"""Seeded texts with the lengths that real ones have. Pure, apart from the packaged phrases.

Lengths are log-normal, fitted to words a text: 16,000 tweets have geometric mean 16, mean 19, at
most 66, and a standard deviation of the logarithm of 0.61; 5,600 reviews have 90, 136, at most 3,394, and 0.90.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PHRASES = Path(__file__).parent / "texts" / "phrases.json"


@dataclass(frozen=True, slots=True)
class Lengths:
    """Words a text: the median, the standard deviation of the logarithm, and the limits."""

    median: float
    sigma: float
    least: int
    most: int

    def draw(self, rng: random.Random) -> int:
        """One length."""
        return min(max(round(self.median * rng.lognormvariate(0.0, self.sigma)), self.least), self.most)


# The phrases make few different texts of five words: of 2,000 the median is 9, of 50,000 it is 13.
SHORT_LENGTHS = Lengths(median=5, sigma=0.40, least=2, most=16)
TWEET_LENGTHS = Lengths(median=16, sigma=0.61, least=2, most=66)
REVIEW_LENGTHS = Lengths(median=90, sigma=0.90, least=5, most=3400)
# The longer third of the reviews.
LONG_REVIEW_LENGTHS = Lengths(median=190, sigma=0.60, least=120, most=3400)


def short_texts(count: int, seed: int) -> list[str]:
    """As ``tweets``, of at most 16 words."""
    return _texts(count, seed, SHORT_LENGTHS, _tweet_clauses)


def tweets(count: int, seed: int) -> list[str]:
    """Lower-case texts without punctuation, as the tweets are that the lengths were fitted to."""
    return _texts(count, seed, TWEET_LENGTHS, _tweet_clauses)


def reviews(count: int, seed: int) -> list[str]:
    """Sentences with punctuation, numbers and quirks, as product reviews have them."""
    return _texts(count, seed, REVIEW_LENGTHS, _review_sentences)


def long_reviews(count: int, seed: int) -> list[str]:
    """Reviews of 120 words or more."""
    return _texts(count, seed, LONG_REVIEW_LENGTHS, _review_sentences)


def _texts(count: int, seed: int, lengths: Lengths, clauses: Callable[[random.Random], Iterator[str]]) -> list[str]:
    """Different ones: an engine that runs equal texts once would else seem faster than it is."""
    rng = random.Random(seed)
    texts: dict[str, None] = {}
    while len(texts) < count:
        texts[_words(clauses(rng), lengths.draw(rng))] = None
    return list(texts)


def _words(clauses: Iterator[str], count: int) -> str:
    """The first words of endless clauses."""
    words: list[str] = []
    while len(words) < count:
        words += next(clauses).split()
    return " ".join(words[:count])


def _tweet_clauses(rng: random.Random) -> Iterator[str]:
    phrases = _phrases()
    while True:
        yield rng.choice(phrases["feelings"])
        for _ in range(rng.randint(1, 3)):
            yield rng.choice(phrases["reasons"])


def _review_sentences(rng: random.Random) -> Iterator[str]:
    while True:
        kind = rng.random()
        if kind < 0.45:
            sentence = f"{_judgement(rng)}."
        elif kind < 0.75:
            sentence = (
                f"{_judgement(rng)} {rng.choice(_phrases()['connectors'])} I {rng.choice(_phrases()['actions'])}."
            )
        elif kind < 0.9:
            sentence = (
                f"I {rng.choice(_phrases()['actions'])}, {rng.choice(_phrases()['connectors'])} {_judgement(rng)}."
            )
        else:
            sentence = f"{rng.choice(_phrases()['closers'])}!"
        if rng.random() < 0.3:
            sentence = f"{rng.choice(_phrases()['openers'])} {sentence}"
        yield sentence[0].upper() + sentence[1:]


def _judgement(rng: random.Random) -> str:
    phrases = _phrases()
    return " ".join(rng.choice(phrases[part]) for part in ("subjects", "verbs", "adjectives"))


@cache
def _phrases() -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads(PHRASES.read_text(encoding="utf-8"))
    return found
