"""Token batches to time an encoder on: short and medium texts, generated or a caller's own. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.batching import pad, plan
from claxon.manifest import EncoderSpec
from claxon.tokens import IntArray, Tokens

# Tokens of the generated texts: those of tweets, and those of reviews.
SHORT_LENGTHS = (12, 18, 26)
MEDIUM_LENGTHS = (80, 112)
TOKENS_A_BATCH = 512
# Of a caller's texts: enough for a second on a fast machine, few enough for a slow one.
MOST_BATCHES = 3
SEED = 20_240_613

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Workload:
    """Batches of similar texts; ``tokens`` counts what is no padding."""

    name: str
    batches: tuple[Mapping[str, Array], ...]
    tokens: int


def generated(encoder: EncoderSpec) -> tuple[Workload, Workload]:
    """Short and medium texts of random ids, the same each time; no longer than the encoder's limit."""
    rng = np.random.default_rng(SEED)

    def workload(name: str, lengths: Sequence[int]) -> Workload:
        kept = [min(length, encoder.max_tokens) for length in lengths]
        sizes = np.repeat(kept, [max(1, TOKENS_A_BATCH // length) for length in kept])
        tokens = Tokens(_random_ids(rng, encoder, int(sizes.sum())), sizes, sizes)
        return _workload(name, encoder, tokens, np.arange(len(sizes)))

    return workload("short", SHORT_LENGTHS), workload("medium", MEDIUM_LENGTHS)


def of_texts(encoder: EncoderSpec, tokens: Tokens) -> tuple[Workload, Workload]:
    """The shorter and the longer half of a caller's texts, cut into batches of similar length, a few of each half."""
    rows = np.argsort(tokens.lengths, kind="stable")
    half = max(1, len(rows) // 2)
    longer = rows[half:] if len(rows) > 1 else rows
    return _workload("short", encoder, tokens, rows[:half]), _workload("medium", encoder, tokens, longer)


def _workload(name: str, encoder: EncoderSpec, tokens: Tokens, rows: IntArray) -> Workload:
    """Some of the batches of these rows, from the longest to the shortest."""
    planned = plan(tokens.lengths[rows], token_budget=TOKENS_A_BATCH)
    chosen = [rows[places] for places in planned[:: max(1, len(planned) // MOST_BATCHES)][:MOST_BATCHES]]
    starts = tokens.starts
    feeds = [pad(tokens, starts, batch, pad_id=encoder.pad_id).feeds(encoder.inputs) for batch in chosen]
    return Workload(name, tuple(feeds), sum(int(tokens.lengths[batch].sum()) for batch in chosen))


def _random_ids(rng: np.random.Generator, encoder: EncoderSpec, length: int) -> IntArray:
    """Ids that are no padding."""
    ids = rng.integers(0, encoder.vocab_size, length)
    return np.where(ids == encoder.pad_id, (encoder.pad_id + 1) % encoder.vocab_size, ids)
