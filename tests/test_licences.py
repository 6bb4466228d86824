"""docs/licences.md: every direct dependency with the licence that its own metadata names, and every shipped text."""

from __future__ import annotations

import fnmatch
import re
import tomllib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TABLE = PAGE.partition("## Dependencies")[2]
ROWS = {
    name: (extras.split(", "), licence)
    for name, extras, licence in re.findall(r"^\| ([\w-]+) \| ([\w, ]+) \| ([^|]+) \|$", TABLE, re.MULTILINE)
    if name != "package"
}
FOR_DEVELOPMENT = {"dev", "docs", "test"}
# What metadata says in other words than SPDX's.
WORDS = {
    "Apache": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache 2.0 License": "Apache-2.0",
    "Apache License v2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "MIT License": "MIT",
    "Python Software Foundation License": "PSF-2.0",
}


def direct() -> dict[str, list[str]]:
    """The extras that ask for each package that users install; ``always`` where no extra has to."""
    groups = {"always": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
    found: dict[str, list[str]] = {}
    for extra, words in groups.items():
        for requirement in map(Requirement, () if extra in FOR_DEVELOPMENT else words):
            if requirement.name != PROJECT["name"]:
                found.setdefault(requirement.name, []).append(extra)
    return found


def licence_of(fields: Mapping[str, list[str]]) -> str:
    """What a package's metadata names: an expression, a classifier, or a few words; a whole text says less."""
    classifiers = [line.rpartition(" :: ")[2] for line in fields["Classifier"] if line.startswith("License ::")]
    short = [word for word in fields["License"] if len(word) < 60 and "\n" not in word]
    words = [*fields["License-Expression"], *(word for word in classifiers if word in WORDS), *short]
    named = [WORDS.get(word, word) for word in words]
    return next((word for word in named if word != "BSD"), "BSD" if named else "")


def agrees(named: str, row: str) -> bool:
    """Older releases and other builds name fewer: those of what their wheel holds; and some do not say which BSD."""
    known = set(row.split(" AND "))
    return bool(named) and (set(named.split(" AND ")) <= known or (named == "BSD" and any("BSD-" in k for k in known)))


def test_every_direct_dependency_has_its_row_and_no_other() -> None:
    assert {name: extras for name, (extras, _) in ROWS.items()} == direct()


@pytest.mark.parametrize("name", sorted(direct()))
def test_the_licence_is_what_the_metadata_names(name: str) -> None:
    try:
        found = metadata(name)
    except PackageNotFoundError:
        pytest.skip(f"{name} is not installed")
    fields = {key: found.get_all(key) or [] for key in ("License-Expression", "License", "Classifier")}
    named = licence_of(fields)
    assert agrees(named, ROWS[name][1]), f"its metadata names {named!r}"


def test_words_become_names() -> None:
    nothing: dict[str, list[str]] = {"License-Expression": [], "License": [], "Classifier": []}
    assert licence_of(nothing) == ""
    assert licence_of({**nothing, "License-Expression": ["MIT"], "License": ["BSD"]}) == "MIT"
    assert licence_of({**nothing, "License": ["BSD"], "Classifier": ["License :: OSI Approved"]}) == "BSD"
    vague = {**nothing, "License": ["BSD-2-Clause"], "Classifier": ["License :: OSI Approved :: BSD License"]}
    assert licence_of(vague) == "BSD-2-Clause"
    assert licence_of({**nothing, "Classifier": ["License :: OSI Approved :: MIT License"]}) == "MIT"
    assert licence_of({**nothing, "License": ["GPL-3.0-only"]}) == "GPL-3.0-only"


@pytest.mark.parametrize(
    ("named", "row", "does"),
    [
        ("MIT", "MIT", True),
        ("GPL-3.0-only", "MIT", False),
        ("", "MIT", False),
        ("BSD", "BSD-2-Clause", True),
        ("BSD-3-Clause", "BSD-2-Clause", False),
        ("BSD", "MIT", False),
    ],
)
def test_another_licence_would_be_seen(named: str, row: str, does: bool) -> None:
    assert agrees(named, row) == does


def test_every_shipped_file_that_is_no_code_is_told_of() -> None:
    rooms = [ROOT / "runtime" / "claxon", ROOT / "export" / "claxon_export", ROOT / "benchmarks" / "claxon_bench"]
    files = [path for room in rooms for path in room.rglob("*") if path.is_file()]
    shipped = {path.name for path in files if path.suffix not in (".py", ".pyc") and path.name != "py.typed"}
    told = set(re.findall(r"[\w./]+\.(?:jsonl|csv|json|css)", PAGE.partition("## Dependencies")[0]))
    assert {name for name in shipped if not fnmatch.filter(told, f"*{name}")} == set()
