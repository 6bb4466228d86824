"""Texts drawn with a seed: empty ones, short ones, and more than the limit takes."""

from __future__ import annotations

import random

from claxon_bench.soak import WORDS

SIZES = (1, 1, 2, 4, 8)


def mixed_texts(draw: random.Random) -> list[str]:
    """A few texts of mixed lengths."""
    return [_text(draw) for _ in range(draw.choice(SIZES))]


def _text(draw: random.Random) -> str:
    length = min(int(draw.lognormvariate(2.2, 1.0)), 200)
    return " ".join(draw.choices(WORDS, k=length))
