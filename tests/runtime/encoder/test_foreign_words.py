"""Words of another library: taken where they change nothing."""

from __future__ import annotations

from typing import Any

import pytest

from claxon.encoder.foreign_words import CURES, explains_foreign_words
from claxon.errors import OptionError


class Echo:
    @explains_foreign_words
    def encode(self, texts: list[str], *, batch_size: int = 3) -> tuple[list[str], int]:
        return texts, batch_size


@pytest.mark.parametrize("word", CURES)
def test_the_neutral_value_is_taken_and_any_other_is_answered(word: str) -> None:
    call: Any = Echo().encode
    assert call(["a"], **{word: CURES[word][0]}) == (["a"], 3)
    with pytest.raises(OptionError, match=f"^{word} is 'x', but "):
        call(["a"], **{word: "x"})


def test_texts_that_are_given_twice_are_an_error_of_the_language() -> None:
    call: Any = Echo().encode
    with pytest.raises(TypeError, match="sentences"):
        call(["a"], sentences=["b"])
