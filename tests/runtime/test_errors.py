"""The exception tree, as the first thing in its module draws it."""

from __future__ import annotations

import builtins
import inspect
import re
from typing import Any

import pytest

from claxon import errors

ENTRY = re.compile(r"^(?P<indent>[ │├└─]*)(?P<name>\w+Error)(?: +\((?P<builtin>\w+)\))?", re.MULTILINE)
CLASSES: dict[str, Any] = {name: kind for name, kind in vars(errors).items() if inspect.isclass(kind)}


def drawn() -> dict[str, re.Match[str]]:
    tree = inspect.getdoc(errors) or ""
    return {match["name"]: match for match in ENTRY.finditer(tree)}


def test_every_error_is_drawn_and_every_drawn_error_exists() -> None:
    assert drawn().keys() == CLASSES.keys()


@pytest.mark.parametrize("name", CLASSES)
def test_the_base_is_the_drawn_one(name: str) -> None:
    entries = list(drawn().values())
    position = [entry["name"] for entry in entries].index(name)
    if position == 0:
        assert CLASSES[name].__bases__ == (Exception,)
        return
    depth = len(entries[position]["indent"])
    parent = next(entry["name"] for entry in entries[position::-1] if len(entry["indent"]) < depth)
    assert CLASSES[name].__bases__[0] is CLASSES[parent]


@pytest.mark.parametrize("name", CLASSES)
def test_the_builtin_base_is_the_drawn_one(name: str) -> None:
    builtin = drawn()[name]["builtin"]
    if builtin is not None:
        assert getattr(builtins, builtin) in CLASSES[name].__bases__


def test_one_except_clause_catches_them_all() -> None:
    for kind in CLASSES.values():
        with pytest.raises(errors.ClaxonError, match="what was found"):
            raise kind("what was found")
