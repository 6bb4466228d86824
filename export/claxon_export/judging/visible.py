"""Texts from anywhere, fit to be shown. Pure."""

from __future__ import annotations

import unicodedata

# Persian and Indian scripts, and emoji of several people, are not the same without.
JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"


def visible(text: str, kept: str = "") -> str:
    """The text with every character replaced that would steer a terminal, turn a line's direction, or show nothing.

    Spaces of every width, joiners and the characters ``kept`` stay.
    """
    return "".join(c if c in kept or _is_shown(c) else "\N{REPLACEMENT CHARACTER}" for c in text)


def _is_shown(character: str) -> bool:
    return character.isprintable() or character in JOINERS or unicodedata.category(character) == "Zs"
