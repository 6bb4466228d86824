"""Ragged token ids to padded batches within a token budget."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.bundle.manifest import OPTIONAL_INPUT
from claxon.text.tokens import IntArray, Tokens

Matrix = np.ndarray[tuple[int, int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts of similar length, padded to the longest.

    Attributes:
        rows: Where each text stands in the input. Shape: ``(batch,)``, int64.
        input_ids: Shape: ``(batch, tokens)``, int64.
        attention_mask: 1 for a token, 0 for padding. Shape: ``(batch, tokens)``, int64.
        token_types: 1 for tokens of a pair's second text; ``None`` where there are no pairs. Shape:
            ``(batch, tokens)``, int64.
    """

    rows: IntArray
    input_ids: Matrix
    attention_mask: Matrix
    token_types: Matrix | None = None

    def feeds(self, inputs: Sequence[str]) -> dict[str, Matrix]:
        """Return the feeds of a graph with these inputs; token types, if it has them, are zero but for pairs."""
        feeds = {"input_ids": self.input_ids, "attention_mask": self.attention_mask}
        if OPTIONAL_INPUT in inputs:
            types = self.token_types
            feeds[OPTIONAL_INPUT] = np.zeros_like(self.input_ids) if types is None else types
        return feeds


def plan(lengths: IntArray, *, token_budget: int, batch_size: int | None = None) -> list[IntArray]:
    """Plan the rows of each batch, longest texts first, so that the first batch bounds the memory of all.

    A batch holds as many texts as fit ``token_budget`` padded tokens, at least one, at most ``batch_size``.

    Args:
        lengths: Tokens of each text. Shape: ``(texts,)``, int64.
        token_budget: Padded tokens a batch.
        batch_size: Texts a batch; ``None`` leaves it to the budget.

    Returns:
        Arrays of shape ``(batch,)``, int64, that hold every row once.
    """
    order = np.argsort(-lengths, kind="stable")
    batches = []
    start = 0
    while start < len(order):
        fitting = token_budget // max(int(lengths[order[start]]), 1)
        size = max(fitting if batch_size is None else min(fitting, batch_size), 1)
        batches.append(order[start : start + size])
        start += size
    return batches


def pad(tokens: Tokens, starts: IntArray, rows: IntArray, *, pad_id: int) -> Batch:
    """Pad the texts in ``rows`` on the right with ``pad_id`` to the longest of them.

    Args:
        tokens: All texts.
        starts: ``tokens.starts``, which is worth computing once for all batches. Shape: ``(texts,)``, int64.
        rows: Which of them. Shape: ``(batch,)``, int64.
        pad_id: Stands where there is no token.
    """
    lengths = tokens.lengths[rows]
    columns = np.arange(int(lengths.max(initial=1)))
    is_token = columns < lengths[:, None]
    input_ids: np.ndarray[Any, Any] = np.full(is_token.shape, pad_id, np.int64)
    input_ids[is_token] = tokens.input_ids[(starts[rows, None] + columns)[is_token]]
    types = None
    if tokens.first_lengths is not None:
        types = (is_token & (columns >= tokens.first_lengths[rows][:, None])).astype(np.int64)
    return Batch(rows, input_ids, is_token.astype(np.int64), types)


def batches(tokens: Tokens, *, pad_id: int, token_budget: int, batch_size: int | None = None) -> Iterator[Batch]:
    """Yield every text once, in the batches of ``plan``."""
    starts = tokens.starts
    for rows in plan(tokens.lengths, token_budget=token_budget, batch_size=batch_size):
        yield pad(tokens, starts, rows, pad_id=pad_id)
