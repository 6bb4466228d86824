"""How many tokens texts have, and which are cut; ids are not kept, so that memory stays small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from claxon.encoder.encoder import Encoder
from claxon.text.inputs import iter_windows
from claxon.text.tokens import BoolArray, IntArray

WINDOW = 4096


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """Tokens of each text before the cut, special tokens included, and whether it is cut. Shapes: ``(texts,)``."""

    n_tokens: IntArray
    truncated: BoolArray


def count_tokens(encoder: Encoder, texts: Sequence[str]) -> TokenCounts:
    """Tokenize all texts, so many at a time."""
    parts = [encoder.tokenize(window) for window in iter_windows(texts, WINDOW)]
    return TokenCounts(
        np.concatenate([part.uncut_lengths for part in parts]), np.concatenate([part.truncated for part in parts])
    )
