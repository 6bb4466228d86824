"""Checks of pairs of texts, and of whether a bundle's encoder can read them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import OPTIONAL_INPUT
from claxon.errors import InputError, OptionError
from claxon.text.inputs import check_texts
from claxon.text.pairs import Pair

# Architectures that tell the texts of a pair apart by token types; the others have separators alone.
WITH_TOKEN_TYPES = frozenset({"albert", "bert", "electra"})


def check_pairs(pairs: Iterable[Any]) -> list[Pair]:
    """The pairs as a list of tuples.

    Raises:
        InputError: something that is not a pair of texts, with its row.
    """
    if isinstance(pairs, str | bytes):
        raise InputError(f"expected a list of pairs of texts, found one {type(pairs).__name__}; write [(text, text)]")
    rows = [tuple(pair) if isinstance(pair, tuple | list) else pair for pair in pairs]
    for row, pair in enumerate(rows):
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise InputError(f"row {row} is {type(pair).__name__} ({pair!r:.40}), expected a pair of texts")
        try:
            check_texts(pair)
        except InputError as error:
            which = "second" if str(error).startswith("row 1 ") else "first"
            raise InputError(f"row {row}: the {which} text {str(error).partition(' ')[2].partition(' ')[2]}") from None
    return rows


def check_takes_pairs(bundle: Bundle) -> None:
    """Raise ``OptionError`` if pairs need token types, and the bundle's graph has no input for them."""
    spec = bundle.manifest.encoder
    if spec.architecture in WITH_TOKEN_TYPES and OPTIONAL_INPUT not in spec.inputs:
        raise OptionError(
            f"{bundle.path} was exported for single texts: its graph has no {OPTIONAL_INPUT}, which pairs need; "
            "a checkpoint with a label 'entailment' is exported with it, export it again"
        )
