from __future__ import annotations

import random
from statistics import mean, median

import pytest

from claxon_bench.generator import (
    LONG_REVIEW_LENGTHS,
    REVIEW_LENGTHS,
    SHORT_LENGTHS,
    TWEET_LENGTHS,
    long_reviews,
    reviews,
    short_texts,
    tweets,
)


def lengths(texts: list[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def test_tweets_are_as_long_as_real_ones() -> None:
    found = lengths(tweets(2000, seed=1))
    assert median(found) == pytest.approx(16, abs=1)
    assert mean(found) == pytest.approx(19, abs=1.5)
    assert max(found) <= 66


def test_short_texts_are_short_and_all_different() -> None:
    found = short_texts(2000, seed=1)
    assert median(lengths(found)) == pytest.approx(9, abs=1)
    assert max(lengths(found)) <= 16
    assert len(set(found)) == 2000


def test_reviews_are_as_long_as_real_ones() -> None:
    found = lengths(reviews(2000, seed=1))
    assert median(found) == pytest.approx(90, rel=0.07)
    assert mean(found) == pytest.approx(136, rel=0.07)
    assert max(found) > 800


def test_long_reviews_are_long() -> None:
    assert min(lengths(long_reviews(50, seed=1))) >= 120


def test_seed_gives_the_same_texts_and_another_gives_others() -> None:
    assert tweets(20, seed=1) == tweets(20, seed=1)
    assert not set(reviews(20, seed=1)) & set(reviews(20, seed=2))


def test_no_text_stands_twice() -> None:
    found = tweets(3000, seed=5)
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("kind", [SHORT_LENGTHS, TWEET_LENGTHS, REVIEW_LENGTHS, LONG_REVIEW_LENGTHS])
def test_lengths_keep_their_limits(kind: object) -> None:
    rng = random.Random(0)
    drawn = [kind.draw(rng) for _ in range(5000)]  # type: ignore[attr-defined]
    assert kind.least <= min(drawn) < kind.median < max(drawn) <= kind.most  # type: ignore[attr-defined]


def test_tweets_and_reviews_are_written_differently() -> None:
    assert all(text == text.lower() for text in tweets(50, seed=3))
    assert any(text[0].isupper() and "." in text for text in reviews(5, seed=3))
