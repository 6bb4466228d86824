from __future__ import annotations

import random

from reliability.random_texts import mixed_texts


def test_texts_are_of_many_lengths_and_the_same_for_the_same_seed() -> None:
    draw = random.Random(1)
    texts = [text for _ in range(200) for text in mixed_texts(draw)]
    lengths = [len(text.split()) for text in texts]
    assert min(lengths) == 0
    assert max(lengths) > 60
    assert mixed_texts(random.Random(7)) == mixed_texts(random.Random(7))
