"""The first ids of a long text: those of the whole, from as little of it as will do."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claxon.text import long_text
from claxon.text.long_text import first_ids, slices


@dataclass
class Words:
    """Words by their letters: a word's ids are its letters', and an unfinished one has others than the finished one."""

    ids: list[int]
    word_ids: list[int | None]
    offsets: list[tuple[int, int]]


class Encode:
    """Every letter's id is the length of its word, so that a word that is cut has other ids."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def __call__(self, text: str) -> Words:
        self.lengths.append(len(text))
        found = Words([], [], [])
        position = 0
        for number, word in enumerate(text.split(" ")):
            found.ids += [len(word)] * len(word)
            found.word_ids += [number] * len(word)
            found.offsets += [(position + i, position + i + 1) for i in range(len(word))]
            position += len(word) + 1
        return found


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_text, "FIRST_WINDOW", 8)
    monkeypatch.setattr(long_text, "MARGIN", 3)


@settings(max_examples=300)
@given(st.text("ab ", max_size=200), st.integers(1, 20))
def test_the_ids_are_those_of_the_whole_text(text: str, room: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_text, "FIRST_WINDOW", 8)
        patch.setattr(long_text, "MARGIN", 3)
        found, whole = first_ids(slices(text), room, Encode()), Encode()(text).ids
    assert found == whole[: len(found)]
    assert len(found) == len(whole) or len(found) > room


def test_no_more_is_encoded_than_is_needed() -> None:
    encode = Encode()
    first_ids(slices("a " * 100_000), 3, encode)
    assert max(encode.lengths) <= 16


def test_an_unfinished_word_makes_the_window_wider() -> None:
    encode = Encode()
    assert first_ids(slices("a" * 50 + " b" * 100), 3, encode)[:4] == [50] * 4
    assert encode.lengths == [8, 16, 32, 64]


def test_a_text_of_one_word_is_encoded_whole() -> None:
    assert first_ids(slices("a" * 100), 3, Encode()) == [100] * 100


def test_slices_are_the_text() -> None:
    for size in (0, 1, 7, 8, 9, 16, 17, 1000):
        assert "".join(slices("x" * size)) == "x" * size
