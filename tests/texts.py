"""Texts that the tiny checkpoints tell apart, some of them empty, repeated or long."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

TEXTS = [
    "great book",
    "the phone broke today",
    "",
    "i love it , really",
    "bad service ! " * 3,
    "the food was awful " * 9,
]
# With the mood of each.
REVIEWS = {
    "great book , i love it": "positive",
    "the food was very good": "positive",
    "really good service and a great room": "positive",
    "my phone works , good price": "positive",
    "awful film , i hate it": "negative",
    "the phone broke today": "negative",
    "bad service , and it arrived late": "negative",
    "not good , not great , awful": "negative",
}
# 74 tokens, where the tiny encoder takes 48.
LONG = "the food was very good and i love it " * 8


def endless(read: list[int]) -> Iterator[str]:
    """``TEXTS`` again and again; ``read`` tells how many were taken."""
    for number in itertools.count():
        read.append(number)
        yield TEXTS[number % len(TEXTS)]
