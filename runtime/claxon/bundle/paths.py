"""File names that are portable and stay inside their folder."""

from __future__ import annotations

from collections.abc import Iterable
from unicodedata import normalize

MAX_NAME, MAX_DEPTH = 255, 8  # characters of a file's name, and folders above it


def is_plain_path(name: str) -> bool:
    """Whether a path stays inside its folder: no parent, no drive, nothing that a system would strip."""
    parts = name.split("/")
    is_named = all(part.rstrip(". ") == part != "" and len(part) <= MAX_NAME for part in parts)
    return is_named and len(parts) <= MAX_DEPTH and not any(c in "\\:" or ord(c) < ord(" ") for c in name)


def first_collision(names: Iterable[str]) -> tuple[str, str] | None:
    """Return the first two names that are the same file on systems that ignore case or Unicode normalization."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(normalize("NFC", name.casefold()), name)
        if other != name:
            return other, name
    return None
