"""The table of SECURITY.md names every case once, and tests that exist."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
PAGE = (TESTS.parent / "SECURITY.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d+) \| (.+?) \| (.+) \|$", PAGE, re.MULTILINE)
CASES = 26
REFERENCE = re.compile(r"`(?P<path>[\w/]+(?:\.py|/))?(?:::)?(?P<test>test_\w+\*?)?`")


def test_every_case_has_its_row() -> None:
    assert [int(number) for number, _, _ in ROWS] == list(range(1, CASES + 1))


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_every_test_that_is_named_exists(row: tuple[str, str, str]) -> None:
    path = None
    found = [match for match in REFERENCE.finditer(row[2]) if match["path"] or match["test"]]
    assert found
    for match in found:
        path = TESTS / match["path"] if match["path"] else path
        assert path is not None
        assert path.exists(), path
        if match["test"]:
            names = re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert fnmatch.filter(names, match["test"]), match["test"]
