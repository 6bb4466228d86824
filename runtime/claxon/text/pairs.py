"""Ids of two texts -> ids of the pair, with the special tokens that the tokenizer puts around and between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

import numpy as np

from claxon.errors import InputError
from claxon.text.tokens import Tokens

Pair = tuple[str, str]


class PairTruncation(StrEnum):
    """Which text of a pair is cut where both together are too long; the names are transformers'."""

    ONLY_FIRST = "only_first"
    ONLY_SECOND = "only_second"
    LONGEST_FIRST = "longest_first"


@dataclass(frozen=True, slots=True)
class PairTemplate:
    """Special tokens of a pair.

    Attributes:
        before: Ids before the first text.
        between: Ids between the texts.
        after: Ids after the second text.
        n_first: How many of ``between`` have the first text's token type; ``None`` where all tokens have one type.
    """

    before: tuple[int, ...]
    between: tuple[int, ...]
    after: tuple[int, ...]
    n_first: int | None

    @property
    def n_special(self) -> int:
        """How many tokens a pair has beside those of its texts."""
        return len(self.before) + len(self.between) + len(self.after)


def template_of(word: Sequence[int], pair: Sequence[int], types: Sequence[int]) -> PairTemplate | None:
    """The template, found by looking at what a tokenizer makes of a pair of equal words.

    Args:
        word: Ids of the word alone, without special tokens.
        pair: Ids of the pair.
        types: Their token types.

    Returns:
        ``None`` where the pair is not the word twice with tokens around, or its types are not zeros and then ones.
    """
    size, own = len(word), list(word)
    places = [start for start in range(len(pair) - size + 1) if list(pair[start : start + size]) == own]
    if not size or len(places) < 2 or sorted(types) != list(types) or not set(types) <= {0, 1}:
        return None
    first, second = places[0], places[-1]
    between = tuple(pair[first + size : second])
    n_first = None if 1 not in types else list(types).index(1) - first - size
    if n_first is not None and not 0 <= n_first <= len(between):
        return None
    return PairTemplate(tuple(pair[:first]), between, tuple(pair[second + size :]), n_first)


def joined_pairs(
    pieces: Sequence[tuple[Sequence[int], Sequence[int]]],
    template: PairTemplate,
    room: int,
    truncation: PairTruncation,
    *,
    is_cut_left: bool = False,
) -> Tokens:
    """Join the ids of two texts, pair by pair.

    Args:
        pieces: Ids of the first and the second text of each pair, without special tokens.
        template: The special tokens.
        room: Ids of both texts together at most.
        truncation: Which text is cut.
        is_cut_left: Whether a text loses its first ids, not its last.

    Raises:
        InputError: the text that is not cut leaves no room for the one that is.
    """
    rows, uncut, firsts = [], [], []
    for first, second in pieces:
        n_first, n_second = kept_lengths(len(first), len(second), room, truncation)
        start, end = (_kept(first, n_first, is_cut_left), _kept(second, n_second, is_cut_left))
        rows.append([*template.before, *start, *template.between, *end, *template.after])
        uncut.append(len(first) + len(second) + template.n_special)
        is_typed = template.n_first is not None
        firsts.append(len(template.before) + n_first + (template.n_first or 0) if is_typed else len(rows[-1]))
    return Tokens(
        input_ids=np.fromiter(chain.from_iterable(rows), np.int64),
        lengths=np.array([len(row) for row in rows], np.int64),
        uncut_lengths=np.array(uncut, np.int64),
        first_lengths=np.array(firsts, np.int64),
    )


def kept_lengths(first: int, second: int, room: int, truncation: PairTruncation) -> tuple[int, int]:
    """How many ids of each text of a pair are kept, as Hugging Face's tokenizers cut.

    Raises:
        InputError: as ``joined_pairs``.
    """
    excess = first + second - room
    if excess <= 0:
        return first, second
    if truncation is PairTruncation.LONGEST_FIRST:
        shorter, longer = _evened(min(first, second), room)
        return (shorter, longer) if first <= second else (longer, shorter)
    is_first = truncation is PairTruncation.ONLY_FIRST
    if (first if is_first else second) <= excess:
        which, other = ("second", second) if is_first else ("first", first)
        raise InputError(
            f"the {which} text of a pair has {other} tokens, of {max(room, 0)} for both: that leaves none for the "
            "other, which is the one to be cut; shorten it"
        )
    return (first - excess, second) if is_first else (first, second - excess)


def _evened(shorter: int, room: int) -> tuple[int, int]:
    """The shorter text keeps all of its ids if they are no more than half of the room."""
    if 2 * shorter <= room:
        return shorter, room - shorter
    return room // 2, room - room // 2


def _kept(ids: Sequence[int], count: int, is_cut_left: bool) -> Sequence[int]:
    return ids[len(ids) - count :] if is_cut_left else ids[:count]
