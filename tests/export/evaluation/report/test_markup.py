"""HTML that lets nothing through."""

from __future__ import annotations

import pytest

from claxon_export.evaluation.report.markup import (
    EMPTY,
    Column,
    Markup,
    definitions,
    escaped,
    joined,
    listing,
    own_direction,
    section,
    table,
    tag,
)

HOSTILE = "<script>alert(1)</script>\"'&"
SAFE = "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27;&amp;"


def test_text_is_escaped_and_markup_is_not() -> None:
    assert escaped(HOSTILE) == SAFE
    assert escaped(Markup("<b>")) == "<b>"
    assert joined([HOSTILE, Markup("<b>")], "").html == f"{SAFE}<b>"


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f", "\u202e"])
def test_control_characters_are_replaced(character: str) -> None:
    assert escaped(f"a{character}b") == "a\ufffdb"


@pytest.mark.parametrize(
    "text",
    [
        "a\n\tb",
        "10\u00a0€",
        "漢\u3000字",
        "\U0001f468\u200d\U0001f467",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    ],
)
def test_spaces_and_joiners_stay(text: str) -> None:
    assert escaped(text) == text


def test_content_and_attributes_are_escaped() -> None:
    assert tag("a", HOSTILE, title=HOSTILE, class_="x").html == f'<a title="{SAFE}" class="x">{SAFE}</a>'


def test_attributes_without_a_value_are_left_out() -> None:
    assert tag("p", "a", class_="", aria_label="b").html == '<p aria-label="b">a</p>'


def test_texts_have_their_own_direction() -> None:
    assert own_direction("שלום <").html == '<bdi dir="auto">שלום &lt;</bdi>'


def test_tables_have_headers_of_columns_and_rows() -> None:
    result = table([Column("a"), Column("b", "number")], [["x", HOSTILE]], caption="c", row_kinds=["head"]).html
    assert '<th scope="col">a</th><th scope="col">b</th>' in result
    assert f'<tr class="head"><th scope="row">x</th><td class="number">{SAFE}</td></tr>' in result
    assert "<caption>c</caption>" in result


def test_sections_lists_and_definitions_escape() -> None:
    assert SAFE in section("x", HOSTILE, []).html
    assert SAFE in section("x", "title", [HOSTILE]).html
    assert listing([HOSTILE]).html == f"<ul><li>{SAFE}</li></ul>"
    assert listing([]) is EMPTY
    assert definitions([("a", HOSTILE)]).html == f"<dl><dt>a</dt>\n<dd>{SAFE}</dd></dl>"
