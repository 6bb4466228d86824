"""Token batches to time an encoder on: short and medium texts, generated or a caller's own. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.manifest import OPTIONAL_INPUT, EncoderSpec
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
        kept = sorted({min(length, encoder.max_tokens) for length in lengths})
        rows = [[length] * max(1, TOKENS_A_BATCH // length) for length in kept]
        batches = [_feeds(encoder, [_random_ids(rng, encoder, length) for length in row]) for row in rows]
        return _workload(name, batches)

    return workload("short", SHORT_LENGTHS), workload("medium", MEDIUM_LENGTHS)


def of_texts(encoder: EncoderSpec, tokens: Tokens) -> tuple[Workload, Workload]:
    """The shorter and the longer half of a caller's texts, cut into batches of similar length, a few of each half."""
    ids = [row for _, row in sorted(enumerate(_rows(tokens)), key=lambda pair: len(pair[1]))]
    half = max(1, len(ids) // 2)

    def workload(name: str, rows: Sequence[IntArray]) -> Workload:
        batches = list(_batches(rows))
        step = max(1, len(batches) // MOST_BATCHES)
        return _workload(name, [_feeds(encoder, batch) for batch in batches[::step][:MOST_BATCHES]])

    return workload("short", ids[:half]), workload("medium", ids[half:] or ids)


def _workload(name: str, batches: Sequence[Mapping[str, Array]]) -> Workload:
    return Workload(name, tuple(batches), sum(int(feeds["attention_mask"].sum()) for feeds in batches))


def _random_ids(rng: np.random.Generator, encoder: EncoderSpec, length: int) -> IntArray:
    """Ids that are no padding."""
    ids = rng.integers(0, encoder.vocab_size, length)
    return np.where(ids == encoder.pad_id, (encoder.pad_id + 1) % encoder.vocab_size, ids)


def _rows(tokens: Tokens) -> list[IntArray]:
    return np.split(tokens.input_ids, np.cumsum(tokens.lengths)[:-1])


def _batches(rows: Sequence[IntArray]) -> Iterator[Sequence[IntArray]]:
    """Runs of rows that have ``TOKENS_A_BATCH`` tokens at most when padded; one longer row is a batch of its own."""
    start = 0
    for end in range(1, len(rows) + 1):
        is_full = end == len(rows) or (end + 1 - start) * len(rows[end]) > TOKENS_A_BATCH
        if is_full:
            yield rows[start:end]
            start = end


def _feeds(encoder: EncoderSpec, rows: Sequence[IntArray]) -> dict[str, Array]:
    longest = max(len(row) for row in rows)
    ids = np.full((len(rows), longest), encoder.pad_id, np.int64)
    mask = np.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, : len(row)], mask[i, : len(row)] = row, 1
    feeds = {"input_ids": ids, "attention_mask": mask}
    return feeds | ({OPTIONAL_INPUT: np.zeros_like(ids)} if OPTIONAL_INPUT in encoder.inputs else {})
