"""The encoder's calls: truncation, options, laziness, and the end."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claxon.bundle.manifest import Feature
from claxon.encoder.encoder import WINDOW, Encoder
from claxon.encoder.features import FloatMatrix
from claxon.engine.runner import TOKEN_BUDGET
from claxon.errors import ClosedError, InputError, OptionError, TruncatedTextError
from claxon.text.truncation import TruncationWarning
from tests.texts import LONG, TEXTS, endless

PADDING_TOLERANCE = 1e-5
WIDTH, LIMIT = 32, 48
Runs = list[tuple[list[str], dict[str, Any]]]


def test_cut_texts_are_counted_and_warned_of_once(encoder: Encoder) -> None:
    with pytest.warns(TruncationWarning) as caught:
        features = encoder.features(["great", LONG, "book", LONG])
    assert features.truncated.tolist() == [False, True, False, True]
    assert features.n_tokens.tolist() == [3, 74, 3, 74]
    assert [str(warning.message)[:48] for warning in caught] == ["2 of 4 texts have more than 48 tokens (row 1 has"]


@pytest.mark.parametrize("call", ["encode", "features"])
def test_the_warning_stands_at_the_callers_line(call: str, encoder: Encoder) -> None:
    with pytest.warns(TruncationWarning) as caught:
        getattr(encoder, call)([LONG])
    assert [warning.filename for warning in caught] == [__file__]


def test_a_cut_text_is_its_beginning(encoder: Encoder) -> None:
    beginning = " ".join(LONG.split()[: LIMIT - 2])
    found = encoder.encode([LONG], on_truncation="ignore")
    np.testing.assert_allclose(found, encoder.encode([beginning]), atol=PADDING_TOLERANCE)


def test_truncation_can_be_an_error(encoder: Encoder, runs: Runs) -> None:
    with pytest.raises(TruncatedTextError, match=r"1 of 2 texts have more than 48 tokens \(row 1 has at least 74\)"):
        encoder.encode(["great", LONG], on_truncation="error")
    assert not runs
    encoder.encode(["great"], on_truncation="error")


def test_a_lower_limit_cuts_earlier(tiny_bundle: Path, encoder: Encoder) -> None:
    short = Encoder.load(tiny_bundle, threads=1, max_tokens=4)
    features = short.features(["the phone broke today", "great book"], on_truncation="ignore")
    assert (short.max_tokens, features.truncated.tolist(), features.n_tokens.tolist()) == (4, [True, False], [6, 4])
    np.testing.assert_allclose(
        features.values[Feature.EMBEDDING], encoder.encode(["the phone", "great book"]), atol=PADDING_TOLERANCE
    )


# Options.


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0, expected 1 or more, or None for the token budget alone"),
        ({"batch_size": 2.5}, r"batch_size is 2.5"),
        ({"on_truncation": "raise"}, "on_truncation is 'raise', expected one of warn, ignore, error"),
        ({"on_truncation": None}, "on_truncation is None"),
    ],
)
def test_an_option_that_cannot_be_met(options: dict[str, Any], message: str, encoder: Encoder) -> None:
    for texts in (TEXTS, []):
        with pytest.raises(OptionError, match=message):
            encoder.encode(texts, **options)


@pytest.mark.parametrize("size", [1, 2, np.int64(3)])
def test_a_batch_has_so_many_texts_at_most(size: Any, encoder: Encoder, runs: Runs) -> None:
    encoder.encode(
        [f"great {word}" for word in ["the", "phone", "broke", "today", "book", "a"]] + ["great"], batch_size=size
    )
    assert len(runs[0][1]["input_ids"]) == size
    assert sum(len(feeds["input_ids"]) for _, feeds in runs) == 7


def test_a_batch_keeps_the_token_budget(encoder: Encoder, runs: Runs) -> None:
    texts = [f"{text} {word}" for text in TEXTS for word in ("the", "phone", "broke", "today", "book", "great")]
    encoder.encode(texts)
    assert max(feeds["input_ids"].size for _, feeds in runs) <= TOKEN_BUDGET
    runs.clear()
    encoder.token_budget = 64
    encoder.encode(texts)
    encoder.token_budget = TOKEN_BUDGET
    assert len(runs) > 1
    assert max(feeds["input_ids"].size for _, feeds in runs) <= 64


@pytest.mark.parametrize("on_truncation", ["ignore", "error"])
def test_a_text_that_is_there_several_times_is_run_once(
    on_truncation: str, alone: FloatMatrix, encoder: Encoder, runs: Runs
) -> None:
    texts = [text for text in TEXTS for _ in range(3)]
    found = encoder.encode(texts, on_truncation=on_truncation)
    assert sum(len(feeds["input_ids"]) for _, feeds in runs) == len(set(TEXTS))
    np.testing.assert_allclose(found, np.repeat(alone, 3, axis=0), atol=PADDING_TOLERANCE)


def test_rows_of_repeated_texts_are_counted_and_named_as_they_stand(encoder: Encoder) -> None:
    with pytest.warns(TruncationWarning, match=r"2 of 4 texts .* \(row 1 has at least 74\)"):
        features = encoder.features(["great", LONG, "great", LONG])
    assert features.truncated.tolist() == [False, True, False, True]
    with pytest.raises(TruncatedTextError, match=r"2 of 4 texts"):
        encoder.features(["great", LONG, "great", LONG], on_truncation="error")


def test_chunks_of_many_texts_come_back_in_order(
    alone: FloatMatrix, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claxon.encoder.extraction.CHUNK", 3)
    np.testing.assert_allclose(encoder.encode(TEXTS), alone, atol=PADDING_TOLERANCE)


def test_several_threads_run_batches_side_by_side(tiny_bundle: Path, alone: FloatMatrix) -> None:
    with Encoder.load(tiny_bundle, device="cpu", threads=3) as encoder:
        found = encoder.encode(TEXTS, batch_size=1)
    np.testing.assert_allclose(found, alone, atol=PADDING_TOLERANCE)


def test_progress_is_shown_on_standard_error_when_asked(encoder: Encoder, capsys: pytest.CaptureFixture[str]) -> None:
    encoder.encode(TEXTS)
    assert capsys.readouterr() == ("", "")
    encoder.encode(TEXTS, show_progress_bar=True)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == f"claxon: encoding {len(TEXTS)} texts\n"  # lines, as there is no terminal


# Lazily.


def test_an_endless_generator_is_read_a_window_at_a_time(alone: FloatMatrix, encoder: Encoder) -> None:
    read: list[int] = []
    vectors = encoder.encode_iter(endless(read))
    assert not read, "nothing is read before the first vector is asked for"
    found = np.array(list(itertools.islice(vectors, len(TEXTS))))
    np.testing.assert_allclose(found, alone, atol=PADDING_TOLERANCE)
    assert len(read) == WINDOW


def test_windows_keep_the_order(alone: FloatMatrix, encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("claxon.encoder.encoder.WINDOW", 4)
    vectors = list(encoder.encode_iter(iter(TEXTS), batch_size=3))
    assert all(vector.shape == (WIDTH,) for vector in vectors)
    np.testing.assert_allclose(np.array(vectors), alone, atol=PADDING_TOLERANCE)
    assert list(encoder.encode_iter([])) == []


def test_a_lazy_call_checks_its_options_at_once(encoder: Encoder) -> None:
    with pytest.raises(OptionError, match="batch_size is 0"):
        encoder.encode_iter(TEXTS, batch_size=0)
    with pytest.raises(InputError, match="one str"):
        encoder.encode_iter("great book")


def test_a_lazy_call_names_the_row_of_the_whole_stream(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("claxon.encoder.encoder.WINDOW", 2)
    vectors = encoder.encode_iter(["a", "b", "c", None])  # type: ignore[list-item]
    assert len(list(itertools.islice(vectors, 2))) == 2
    with pytest.raises(InputError, match="row 3 is NoneType"):
        next(vectors)


# The end.


def test_a_closed_encoder_says_so(tiny_bundle: Path) -> None:
    encoder = Encoder.load(tiny_bundle, threads=1)
    encoder.close()
    encoder.close()
    calls: list[Callable[[], Any]] = [
        lambda: encoder.encode(["a"]),
        lambda: encoder.features([]),
        lambda: encoder.encode_iter(["a"]),
        lambda: encoder.providers,
        lambda: encoder.device,
    ]
    for call in calls:
        with pytest.raises(ClosedError, match="was closed; load it again"):
            call()
    assert repr(encoder) == f"Encoder('{tiny_bundle}', mpnet, closed)"


def test_a_context_closes_at_its_end(tiny_bundle: Path) -> None:
    with Encoder.load(tiny_bundle, threads=1) as encoder:
        assert encoder.encode(["a"]).shape == (1, WIDTH)
    with pytest.raises(ClosedError):
        encoder.encode(["a"])
