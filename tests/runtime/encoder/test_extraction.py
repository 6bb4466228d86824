"""Rows that cannot be read, set apart: the others have the features that they have without them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claxon.bundle.manifest import Feature
from claxon.encoder.encoder import Encoder
from claxon.encoder.features import FloatMatrix
from claxon.errors import InputError, OptionError, TokenizationError
from claxon.text.inputs import NO_TEXT, FailedRow
from claxon.text.tokenizer import Tokenizer
from claxon.text.tokens import Tokens
from tests.texts import TEXTS

NO_TEXTS = [None, float("nan"), 3, b"bytes", ("a",), "\ud800", ["x"]]
TOLERANCE = 1e-5


@settings(max_examples=40)
@given(places=st.lists(st.booleans(), min_size=6, max_size=6), odd=st.sampled_from(NO_TEXTS))
def test_the_other_rows_are_served(places: list[bool], odd: object, encoder: Encoder, alone: FloatMatrix) -> None:
    texts = [odd if is_odd else text for text, is_odd in zip(TEXTS, places, strict=True)]
    features = encoder.features(texts, errors="record")  # type: ignore[arg-type]
    apart = [is_odd or not text.strip() for text, is_odd in zip(TEXTS, places, strict=True)]
    assert [failure.row for failure in features.failed] == np.flatnonzero(apart).tolist()
    for row, is_odd in enumerate(apart):
        vector = features.values[Feature.EMBEDDING][row]
        if is_odd:
            assert np.isnan(vector).all()
            assert (features.n_tokens[row], features.truncated[row]) == (0, False)
        else:
            np.testing.assert_allclose(vector, alone[row], atol=TOLERANCE)


def test_a_failed_row_has_the_message_of_the_error(encoder: Encoder) -> None:
    texts = ["a", 3, "\ud800"]
    with pytest.raises(InputError, match=r"^row 1 is int"):
        encoder.features(texts)  # type: ignore[arg-type]
    failed = encoder.features(texts, errors="record").failed  # type: ignore[arg-type]
    assert failed[0] == FailedRow(1, "is int (3), expected str")
    assert failed[1].row == 2
    assert "an unpaired surrogate" in failed[1].message


def test_valid_texts_do_not_fail(encoder: Encoder) -> None:
    texts = [text for text in TEXTS if text.strip()]
    features = encoder.features(texts, errors="record")
    assert features.failed == ()
    np.testing.assert_array_equal(features.values[Feature.MEAN], encoder.features(texts).values[Feature.MEAN])


@pytest.mark.parametrize("missing", [None, "", " \n", float("nan")])
def test_a_missing_text_is_recorded_as_one(missing: object, encoder: Encoder) -> None:
    features = encoder.features(["good", missing], errors="record")  # type: ignore[list-item]
    assert features.failed == (FailedRow(1, NO_TEXT),)


def test_every_row_may_fail(encoder: Encoder) -> None:
    found = encoder.encode([None, 3], errors="record")  # type: ignore[list-item]
    assert found.shape == (2, 32)
    assert np.isnan(found).all()


def test_input_that_is_not_a_list_raises_even_when_recording(encoder: Encoder) -> None:
    with pytest.raises(InputError, match="found one str"):
        encoder.encode("great book", errors="record")
    with pytest.raises(OptionError, match="errors is 'ignore', expected one of raise, record"):
        encoder.encode(TEXTS, errors="ignore")


@pytest.fixture
def choking(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tokenizer that fails on two of ``TEXTS``, one after the other."""
    real = Tokenizer.__call__

    def choke(tokenizer: Tokenizer, texts: list[str]) -> Tokens:
        for text in (TEXTS[1], TEXTS[3]):
            if text in texts:
                raise TokenizationError(f"{text!r}: the tokenizer failed (at the disco)", text)
        return real(tokenizer, texts)

    monkeypatch.setattr(Tokenizer, "__call__", choke)


@pytest.mark.usefixtures("choking")
def test_a_text_that_the_tokenizer_fails_on_is_named_with_its_row(encoder: Encoder) -> None:
    with pytest.raises(TokenizationError, match=r"^row 1: 'the phone broke today': the tokenizer failed") as caught:
        encoder.encode(TEXTS)
    assert caught.value.text == TEXTS[1]


@pytest.mark.usefixtures("choking")
def test_texts_that_the_tokenizer_fails_on_are_set_apart(encoder: Encoder, alone: FloatMatrix) -> None:
    features = encoder.features([*TEXTS, None, TEXTS[1]], errors="record")  # type: ignore[list-item]
    assert [failure.row for failure in features.failed] == [1, 2, 3, 6, 7]
    served = [0, 4, 5]
    np.testing.assert_allclose(features.values[Feature.EMBEDDING][served], alone[served], atol=TOLERANCE)


def test_a_tokenizer_that_fails_on_nothing_at_all_ends_the_call(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that failed is an empty text from then on: if that one fails too, no row is left to set apart."""
    real, calls = Tokenizer.__call__, []

    def choke(tokenizer: Tokenizer, texts: list[str]) -> Tokens:
        calls.append(texts)
        if len(calls) > 4:
            pytest.fail("it goes on for ever")
        if "" in texts:
            raise TokenizationError("'': the tokenizer failed (at the disco)", "")
        return real(tokenizer, texts)

    monkeypatch.setattr(Tokenizer, "__call__", choke)
    for texts in (["great book", None], ["great book", ""]):
        calls.clear()
        with pytest.raises(TokenizationError, match=r"^'': the tokenizer failed"):
            encoder.encode(texts, errors="record")  # type: ignore[arg-type]
