"""What a checkpoint says of its license, which a bundle made of it goes on saying."""

from __future__ import annotations

import re
from pathlib import Path

CARD_NAME = "README.md"
MOST_CHARACTERS = 1 << 16
FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
NAME = r"[\"']?([A-Za-z0-9][A-Za-z0-9.+_-]{0,63})[\"']?"
OTHER = "other"


def declared_license(folder: Path) -> str | None:
    """The license in the front matter of the model card, as the Hub's tags name it; ``None`` where there is none.

    Several are given as ``mit, apache-2.0``; for ``other`` its ``license_name``, where there is one. What is no name is
    passed over.
    """
    try:
        with (folder / CARD_NAME).open(encoding="utf-8", errors="replace") as card:
            front = FRONT_MATTER.match(card.read(MOST_CHARACTERS))
    except OSError:
        return None
    if front is None:
        return None
    result = _names(front[1], "license")
    return ", ".join(_names(front[1], "license_name") or result if result == [OTHER] else result) or None


def _names(front: str, key: str) -> list[str]:
    """The value of a key, or the items of its list, one a line or in brackets."""
    value = re.search(rf"^{key}:[ \t]*(.*(?:\n[ \t]*-[ \t].*)*)", front, re.MULTILINE)
    if value is None:
        return []
    items = [item.strip(" \t\r-[]") for item in re.split(r"[,\n]", value[1])]
    return [name[1] for name in (re.fullmatch(NAME, item) for item in items) if name is not None]
