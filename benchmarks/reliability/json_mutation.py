"""JSON changed where it hurts: a tree with other values, keys and parts, drawn with a seed.

A fuzzer that changes bytes makes what is no JSON, and never gets beyond the parser.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

EDITS_AT_ONCE = (1, 1, 1, 2, 4)
GOES_IN, GOES_DEEPER = 0.98, 0.85  # what is wrong at the root hides what lies below it
NUMBERS = (
    -1, 0, 1, 2, 3, 5, 48, 108, 109, 110, 255, 256, 1000, 1001, 65_535, 1 << 31, (1 << 32) - 1, 1 << 53, 1 << 63,
    1 << 64, -(1 << 31), -(1 << 63), 10**30, 0.0, -0.0, 0.5, 1.0, 1e-320, 5e-324, 1e-30, 1e30, 1e308, -1e308,
)  # fmt: skip
STRINGS = (
    "", " ", "a", "##a", "\0", "\n", "\u0301", "ß", "İ", "中", "😀", "\ufeff", "\ud800", "..", "../a", "/etc/passwd",
    "C:\\a", "a/../b", "manifest.json", "tokenizer.json", "a" * 300, "▁", "Ġ", "<0x0A>", "0" * 64,
)  # fmt: skip
SCALARS = (None, True, False, *NUMBERS, *STRINGS)


@dataclass(frozen=True, slots=True)
class Stock:
    """What is put in from elsewhere: parts that stand under a key in known documents, and words and keys of theirs."""

    parts: dict[str, list[Any]] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


def stock_of(documents: Sequence[Any], words: Sequence[str] = ()) -> Stock:
    """The stock of some documents; ``words`` are put in as well."""
    parts: dict[str, list[Any]] = {}
    found = {*words}
    for document in documents:
        for key, part in _entries(document):
            parts.setdefault(key, []).append(part)
            found |= {part} if isinstance(part, str) else set()
    return Stock(parts, sorted(found), sorted(parts))


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    for child in _children(value):
        yield from _entries(child)


def _children(value: Any) -> list[Any]:
    return [*value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []


def mutated(document: Any, draw: random.Random, stock: Stock) -> Any:
    """A copy with one edit or some."""
    holder = {"": copy.deepcopy(document)}
    for _ in range(draw.choice(EDITS_AT_ONCE)):
        draw.choice(EDITS)(_site(holder, draw, stock))
    return holder[""]


@dataclass(frozen=True, slots=True)
class _Site:
    """A value in a tree, the containers that lead to it, the nearest last, and what an edit may use."""

    above: tuple[Any, ...]
    key: Any
    draw: random.Random
    stock: Stock

    @property
    def parent(self) -> Any:
        return self.above[-1]

    @property
    def value(self) -> Any:
        return self.parent[self.key]

    def put(self, value: Any) -> None:
        self.parent[self.key] = value


def _site(holder: dict[str, Any], draw: random.Random, stock: Stock) -> _Site:
    """Any value, those of large containers no likelier than others."""
    above: list[Any] = [holder]
    key: Any = ""
    while _children(above[-1][key]) and draw.random() < (GOES_DEEPER if key != "" else GOES_IN):
        above.append(above[-1][key])
        key = draw.choice([*above[-1]]) if isinstance(above[-1], dict) else draw.randrange(len(above[-1]))
    return _Site(tuple(above), key, draw, stock)


Edit = Callable[[_Site], None]


def _another_of_its_type(site: _Site) -> None:
    """A scalar of the type that belongs there, so that more than types is looked at; of a container nothing."""
    kind = type(site.value)
    of_its_type = [value for value in (*SCALARS, *site.stock.words) if type(value) is kind]
    if of_its_type and not isinstance(site.value, dict | list):
        site.put(site.draw.choice(of_its_type))


def _another_scalar(site: _Site) -> None:
    site.put(site.draw.choice(SCALARS))


def _another_word(site: _Site) -> None:
    site.put(site.draw.choice(site.stock.words or STRINGS))


def _part_of_that_key(site: _Site) -> None:
    parts = site.stock.parts.get(site.key) if isinstance(site.key, str) else None
    site.put(copy.deepcopy(site.draw.choice(parts or SCALARS)))


def _any_part(site: _Site) -> None:
    parts = site.stock.parts[site.draw.choice(site.stock.keys)] if site.stock.keys else SCALARS
    site.put(copy.deepcopy(site.draw.choice(parts)))


def _tweak(site: _Site) -> None:
    value = site.value
    if type(value) in (int, float):
        site.put(site.draw.choice((value + 1, value - 1, -value, value * 2, value // 2)))
    elif isinstance(value, str):
        cut, more = site.draw.randint(0, len(value)), site.draw.choice(STRINGS)
        site.put(site.draw.choice((value[:cut], value[cut:], value + value, value[:cut] + more + value[cut:])))
    elif isinstance(value, bool):
        site.put(not value)


def _without(site: _Site) -> None:
    if len(site.above) > 1:
        del site.parent[site.key]


def _with_one_more(site: _Site) -> None:
    value, new = site.value, copy.deepcopy(site.draw.choice(SCALARS))
    if isinstance(value, dict):
        key = site.draw.choice(site.stock.keys or STRINGS)
        value[key] = copy.deepcopy(site.draw.choice(site.stock.parts.get(key) or [new]))
    elif isinstance(value, list):
        value.insert(site.draw.randint(0, len(value)), copy.deepcopy(site.draw.choice(value)) if value else new)


def _under_another_key(site: _Site) -> None:
    if isinstance(site.parent, dict) and len(site.above) > 1:
        value = site.parent.pop(site.key)
        site.parent[site.draw.choice([*site.stock.keys, *STRINGS])] = value


def _many_times(site: _Site) -> None:
    if isinstance(site.value, list):
        site.put((site.value * site.draw.choice((2, 10, 100)))[:1000])
    elif isinstance(site.value, str):
        site.put((site.value * site.draw.choice((2, 10, 300)))[:3000])


def _wrapped(site: _Site) -> None:
    value = site.value
    for _ in range(site.draw.choice((1, 2, 10, 40))):
        value = site.draw.choice(([value], {site.draw.choice(site.stock.keys or STRINGS): value}))
    site.put(value)


EDITS: tuple[Edit, ...] = (
    _another_of_its_type, _another_of_its_type, _another_of_its_type, _another_scalar,
    _another_word, _part_of_that_key, _part_of_that_key, _any_part, _tweak, _tweak,
    _without, _with_one_more, _under_another_key, _many_times, _wrapped,
)  # fmt: skip
