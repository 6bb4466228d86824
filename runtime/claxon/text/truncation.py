"""What is said of texts that are longer than the limit: a warning at the caller's line, an error, or nothing."""

from __future__ import annotations

import warnings
from enum import StrEnum

import numpy as np

from claxon.errors import TruncatedTextError
from claxon.support.stack_level import caller_level
from claxon.text.tokens import BoolArray, IntArray


class TruncationWarning(UserWarning):
    """Texts were longer than the limit and were cut."""


class OnTruncation(StrEnum):
    """What to do when a text is longer than the limit: it is cut in any case but ``error``."""

    WARN = "warn"
    IGNORE = "ignore"
    ERROR = "error"


def report_truncation(n_tokens: IntArray, truncated: BoolArray, limit: int, action: OnTruncation) -> None:
    """Say how many texts were cut, and which is the first; one warning a call.

    Args:
        n_tokens: Of each text, before the cut. Shape: ``(texts,)``, int64.
        truncated: Which texts were cut. Shape: ``(texts,)``, bool.
        limit: Where.
        action: What to do about it.

    Raises:
        TruncatedTextError: a text was cut, and ``action`` is ``error``.
    """
    rows = np.flatnonzero(truncated)
    if action is OnTruncation.IGNORE or not len(rows):
        return
    message = (
        f"{len(rows)} of {len(truncated)} texts have more than {limit} tokens "
        f"(row {rows[0]} has at least {n_tokens[rows[0]]})"
    )
    if action is OnTruncation.ERROR:
        raise TruncatedTextError(f"{message}; shorten them, or let them be cut with on_truncation='warn'")
    warnings.warn(f"{message} and are cut; see `truncated`", TruncationWarning, stacklevel=caller_level())
