"""Shortened texts: what is left out of them, and that nothing else is; that tokens stay is test_tokenization's."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claxon.text import shortening
from claxon.text.shortening import Kind, LongTextShortener

KINDS = {" ": Kind.BLANK, "!": Kind.BREAK, "\0": Kind.DROPPED, "\u0301": Kind.DROPPED, "\u034f": Kind.DROPPED_MARK}
LONGEST = 3


def kind_of(character: str) -> Kind:
    return KINDS.get(character, Kind.OTHER if character == "\u302e" else Kind.WORD)


def short(text: str) -> str:
    return "".join(LongTextShortener(kind_of, LONGEST).chunks(text))


@pytest.mark.parametrize(
    ("text", "shortened"),
    [
        ("", ""),
        ("ab abc", "ab abc"),
        ("abcde", "abcd"),
        ("abcdefgh! abcdefgh", "abcd! abcd"),
        ("abcd\0efgh\0\0 a", "abcd\0 a"),
        ("\0a\0b\0c\0d\0e\0", "\0a\0b\0c\0d\0"),
        ("a   b", "a b"),
        ("a \0 \0\u0301 b", "a b"),
        ("a\0\0\u0301b", "a\0b"),
        ("a\u0301\u034f\u034f\u0301b", "a\u0301\u034f\u0301b"),
        ("!!!!!!", "!!!!!!"),
        ("  a", " a"),
        ("жжжжжж ж", "жжжж ж"),
        ("😀😀😀😀😀😀", "😀😀😀😀"),
        ("\u302eabcdefg\0\0", "\u302eabcdefg\0\0"),
    ],
)
def test_dropped_characters_are_left_out(text: str, shortened: str) -> None:
    assert short(text) == shortened


@settings(max_examples=300)
@given(st.text("ab! \0\u0301\u034fж", max_size=60), st.integers(1, 9))
def test_where_the_text_is_cut_into_chunks_does_not_matter(text: str, size: int) -> None:
    whole = short(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shortening, "FIRST_CHUNK", size)
        patch.setattr(shortening, "LARGEST_CHUNK", size)
        assert short(text) == whole


@given(st.text("ab! \0\u0301", max_size=60))
def test_a_shortened_text_is_not_shortened_again(text: str) -> None:
    assert short(short(text)) == short(text)


@pytest.mark.parametrize("unit", ["a", "ж", " ", "\0", "\u0301", " \0", "a\u0301", "\u034f"])
def test_however_long_a_silent_text_is_little_of_it_is_left(unit: str) -> None:
    assert len(short(unit * 100_000)) <= 2 * (LONGEST + 1)


def test_no_more_of_a_text_is_read_than_was_asked_for() -> None:
    asked: list[str] = []

    def spy(character: str) -> Kind:
        asked.append(character)
        return Kind.WORD

    chunks = LongTextShortener(spy, LONGEST).chunks("a" * shortening.FIRST_CHUNK + "b" * 100_000)
    assert next(chunks) == "aaaa"
    assert asked == ["a"]


def test_a_character_is_asked_about_once() -> None:
    asked: list[str] = []

    def spy(character: str) -> Kind:
        asked.append(character)
        return kind_of(character)

    compactor = LongTextShortener(spy, LONGEST)
    for _ in range(3):
        list(compactor.chunks("ab ж" * 10_000))
    assert sorted(asked) == [" ", "a", "b", "ж"]
