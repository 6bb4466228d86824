from __future__ import annotations

from pathlib import Path

import pytest

import claxon
from claxon.errors import InputError
from reliability.property_checks import PROPERTIES, Case, _raised, is_text


@pytest.mark.parametrize(
    ("row", "found"), [("", True), ("\0 é 😀", True), ("a\ud800", False), (None, False), (b"a", False), (3, False)]
)
def test_generated_texts_are_classified_as_text_or_not(row: object, found: bool) -> None:
    assert is_text(row) == found


ROWS = ("great book", "", None, "the phone broke today " * 9, "great book", "\udfff", b"x")


@pytest.mark.parametrize("name", PROPERTIES)
@pytest.mark.parametrize("rows", [(), ROWS], ids=["none", "some"])
def test_a_property_holds_of_what_is_right(name: str, rows: tuple[object, ...], small_bundle: Path) -> None:
    with claxon.load(small_bundle, threads=1, max_tokens=12) as classifier:
        PROPERTIES[name](Case("one", {"one": classifier}, rows, {"threshold": 0.4, "batch_size": 2}))


def test_an_error_that_does_not_come_is_a_fault() -> None:
    with pytest.raises(AssertionError, match="no InputError"):
        _raised(InputError, lambda: None)


def test_a_case_says_how_to_make_it_again() -> None:
    assert repr(Case("fp32", {}, ("a", None), {"margin": 1})) == "Case(fp32, ['a', None], {'margin': 1})"
