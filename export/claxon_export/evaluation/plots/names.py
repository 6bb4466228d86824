"""Labels -> names that a picture can hold: short, distinct, and in characters that a font of this machine has."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from claxon_export.requirements import required

FALLBACK = "DejaVu Sans"  # comes with matplotlib
LAST_RESORT = "Last Resort"  # comes with matplotlib as well, and has a box for every character there is
MOST_COLUMNS = 24
RIGHT_TO_LEFT = frozenset({"R", "AL"})


@dataclass(frozen=True, slots=True)
class Names:
    """What labels are called in pictures.

    Attributes:
        drawn: Label to name.
        numbered: Names that stand for labels which no font can write, or that would come out in the wrong order, with
            the labels themselves: for the page to explain.
        families: Fonts that together have all characters, the first choice first.
    """

    drawn: Mapping[str, str]
    numbered: Mapping[str, str]
    families: tuple[str, ...]

    def __getitem__(self, label: str) -> str:
        """The name of a label."""
        return self.drawn[label]


def names_of(labels: Iterable[str], extra_words: Iterable[str] = ()) -> Names:
    """Names for labels; ``extra_words`` are drawn beside them, and are looked at for fonts only."""
    listed = list(dict.fromkeys(labels))
    families = fitting_families([*listed, *extra_words])
    can_write = _Writer(families)
    numbered = {f"#{i}": label for i, label in enumerate(listed, 1) if not can_write(label)}
    by_label = {label: number for number, label in numbered.items()}
    short = _distinct([by_label.get(label, shortened(label)) for label in listed])
    return Names(dict(zip(listed, short, strict=True)), numbered, families)


def shortened(label: str, most: int = MOST_COLUMNS) -> str:
    """The label on one line; of a long one the beginning and the end, where names of a family differ."""
    line = " ".join("".join(c if c.isprintable() else " " for c in label).split()) or repr(label)
    if columns(line) <= most:
        return line
    tail = most // 4
    return f"{_cut(line, most - tail - 1).rstrip()}…{_cut(line[::-1], tail)[::-1].lstrip()}"


def columns(words: str) -> int:
    """The width in a font of equal widths; wide East Asian characters count two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in words)


def fitting_families(words: Sequence[str]) -> tuple[str, ...]:
    """Fonts of this machine that have the words' characters, as far as there are any."""
    missing = {ord(c) for word in words for c in word if not c.isspace()} - _characters_of(FALLBACK)
    families = [FALLBACK]
    for family in _other_families() if missing else ():
        result = missing & _characters_of(family)
        if result:
            families.append(family)
            missing -= result
        if not missing:
            break
    return tuple(families)


class _Writer:
    """Whether these fonts can write a label, in its right order."""

    def __init__(self, families: Sequence[str]) -> None:
        self._characters = frozenset().union(*(_characters_of(family) for family in families))
        # Since 3.11 matplotlib joins letters and turns lines by libraqm; without, Arabic and Hebrew run backwards.
        self._is_shaping = hasattr(required("matplotlib.ft2font", extra="report"), "__libraqm_version__")

    def __call__(self, label: str) -> bool:
        is_turned = any(unicodedata.bidirectional(c) in RIGHT_TO_LEFT for c in label)
        has_all = all(ord(c) in self._characters for c in label if c.isprintable() and not c.isspace())
        return has_all and (self._is_shaping or not is_turned)


@cache
def _characters_of(family: str) -> frozenset[int]:
    ft2font = required("matplotlib.ft2font", extra="report")
    try:
        return frozenset(ft2font.FT2Font(_regular_fonts()[family]).get_charmap())
    except (KeyError, OSError, RuntimeError):  # removed meanwhile, or one that FreeType cannot open, as of bitmaps
        return frozenset()


def _other_families() -> Iterator[str]:
    # Plain sans-serif faces first, so that a fallback looks like the rest.
    names = (name for name in _regular_fonts() if name != FALLBACK and not name.startswith(LAST_RESORT))
    yield from sorted(names, key=lambda name: ("Sans" not in name, name))


@cache
def _regular_fonts() -> Mapping[str, str]:
    """Families of this machine, and the file of each one's upright face of usual weight."""
    fonts = required("matplotlib.font_manager", extra="report").fontManager.ttflist
    return {font.name: font.fname for font in fonts if font.style == "normal" and font.weight in (400, "normal")}


def _cut(words: str, most: int) -> str:
    width = 0
    for place, character in enumerate(words):
        width += columns(character)
        if width > most:
            return words[:place]
    return words


def _distinct(names: Sequence[str]) -> list[str]:
    """Names that became equal get a number."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return result
