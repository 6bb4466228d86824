"""Texts on which bundles and their sources part if a setting was misread: made for each checkpoint."""

from __future__ import annotations

import json
from itertools import cycle, islice

from claxon_export.checkpoint.checkpoint import Checkpoint

SENTENCE = (
    "the film was great at first and then it went on for far too long until nobody in the room cared who had done it "
    "or why so we left before the end and had a very good dinner instead"
)
# More words than tokens that any limit leaves room for; longer limits are left to the packaged texts.
MOST_WORDS = 700
REPETITIVE = ("word " * 60, "ha " * 40, "! " * 50, "-" * 120)
EMPTY = ("", " ", "\t\n  ")


def hard_texts(checkpoint: Checkpoint) -> list[str]:
    """Longer than the limit, with special tokens, repetitive, empty, blank."""
    return [*_long(checkpoint.max_tokens), *_special(checkpoint.tokenizer_json), *REPETITIVE, *EMPTY]


def _long(limit: int) -> list[str]:
    n_words = min(limit + 20, MOST_WORDS)
    middle = " ".join(islice(cycle(SENTENCE.split()), n_words))
    return [f"a wonderful start {middle}", f"{middle} a terrible end", f"good {middle} bad"]


def _special(tokenizer_json: str) -> list[str]:
    """Each special token spelled out inside a text, and alone."""
    tokens = [
        token["content"] for token in json.loads(tokenizer_json).get("added_tokens") or [] if token.get("special")
    ]
    inside = [f"the {token} token in a text" for token in tokens]
    return [*inside, *tokens, *([" ".join(tokens)] if tokens else [])]
