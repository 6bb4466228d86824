"""What of a text is shown as it is."""

from __future__ import annotations

import pytest

from claxon_export.evaluation.wording import visible


@pytest.mark.parametrize(
    "text",
    [
        "plain, ü 漢字",
        "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "10\N{NO-BREAK SPACE}€",
        "漢\N{IDEOGRAPHIC SPACE}字",
    ],
)
def test_joiners_and_spaces_stay(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    "character",
    [
        *"\x00\x07\x1b\x7f\x85\n\t\u2028\u2029\ufeff\ud800",
        *"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    ],
)
def test_what_steers_a_terminal_or_turns_a_line_is_replaced(character: str) -> None:
    assert visible(f"a{character}b") == "a\ufffdb"


def test_more_characters_can_be_kept() -> None:
    assert visible("a\n\tb\x1b", kept="\n\t") == "a\n\tb\ufffd"
