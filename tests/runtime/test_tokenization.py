"""Tokenisation against the library's own template and truncation, which Claxon never uses."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import models, normalizers, pre_tokenizers, processors

from claxon.errors import BundleError, OptionError
from claxon.tokenization import Tokenizer

VOCAB = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"abcdefg", *(f"##{letter}" for letter in "abcdefg"), "abc", "naive"]
TEMPLATES = {
    "both ends": "[CLS] $A [SEP]",
    "the end": "$A [SEP]",
    "the start": "[CLS] $A",
    "several": "[CLS] [CLS] $A [SEP] [PAD]",
    "none": None,
}
TEXTS = st.text("abcdefg xï[]", max_size=40)


def reference(template: str | None = "[CLS] $A [SEP]") -> tokenizers.Tokenizer:
    ids = {piece: i for i, piece in enumerate(VOCAB)}
    tokenizer = tokenizers.Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(VOCAB[:4])
    if template is not None:
        specials = [(piece, ids[piece]) for piece in VOCAB[:4]]
        tokenizer.post_processor = processors.TemplateProcessing(single=template, special_tokens=specials)
    return tokenizer


def content(template: str | None = "[CLS] $A [SEP]") -> bytes:
    return str(reference(template).to_str()).encode()


def rows(tokenizer: Tokenizer, texts: list[str]) -> list[list[int]]:
    tokens = tokenizer(texts)
    ends = tokens.starts + tokens.lengths
    return [tokens.input_ids[i:j].tolist() for i, j in zip(tokens.starts, ends, strict=True)]


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
@settings(deadline=None, max_examples=30)
@given(texts=st.lists(TEXTS, max_size=5), limit=st.integers(5, 20))
def test_ids_are_prefix_first_ids_suffix(template: str | None, texts: list[str], limit: int) -> None:
    library = reference(template)
    bare = [library.encode(text, add_special_tokens=False).ids for text in texts]
    full = [library.encode(text).ids for text in texts]
    prefix, suffix = _around(library)
    room = limit - len(prefix) - len(suffix)
    tokenizer = Tokenizer(content(template), max_tokens=limit)
    assert rows(tokenizer, texts) == [[*prefix, *ids[:room], *suffix] for ids in bare]
    assert tokenizer(texts).uncut_lengths.tolist() == [len(ids) for ids in full]
    assert tokenizer(texts).truncated.tolist() == [len(ids) > limit for ids in full]


def _around(library: tokenizers.Tokenizer) -> tuple[list[int], list[int]]:
    """What stands before and after a text, by the library's own mark of special tokens."""
    encoding = library.encode("g")
    at = encoding.special_tokens_mask.index(0)
    return encoding.ids[:at], encoding.ids[at + 1 :]


@settings(deadline=None, max_examples=50)
@given(TEXTS, st.integers(3, 20))
def test_a_cut_text_is_what_the_librarys_truncation_gives(text: str, limit: int) -> None:
    library = reference()
    library.enable_truncation(limit)
    assert rows(Tokenizer(content(), max_tokens=limit), [text]) == [library.encode(text).ids]


@settings(deadline=None, max_examples=30)
@given(st.lists(TEXTS, max_size=6))
def test_a_text_among_others_has_the_ids_that_it_has_alone(texts: list[str]) -> None:
    tokenizer = Tokenizer(content(), max_tokens=8)
    assert rows(tokenizer, texts) == [rows(tokenizer, [text])[0] for text in texts]


def test_baked_in_padding_and_truncation_are_not_used() -> None:
    library = reference()
    library.enable_padding(length=16)
    library.enable_truncation(4)
    tokenizer = Tokenizer(library.to_str().encode(), max_tokens=32)
    assert rows(tokenizer, ["a", "a b c d e f g"]) == rows(Tokenizer(content(), max_tokens=32), ["a", "a b c d e f g"])


def test_a_prompt_is_put_before_every_text() -> None:
    prompted = Tokenizer(content(), max_tokens=6, prompt="a b ")
    plain = Tokenizer(content(), max_tokens=6)
    assert rows(prompted, ["c", "", "c d e f"]) == rows(plain, ["a b c", "a b ", "a b c d e f"])
    assert prompted(["c d e f"]).uncut_lengths.tolist() == [8]


def test_an_empty_text_has_the_special_tokens_alone() -> None:
    assert rows(Tokenizer(content(), max_tokens=8), ["", "  "]) == [[2, 3], [2, 3]]


def test_a_special_token_in_a_text_is_that_token() -> None:
    assert rows(Tokenizer(content(), max_tokens=8), ["a [SEP] b"]) == [[2, 4, 3, 5, 3]]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\0",
        "😀" * 50,
        "👩‍👩‍👧",
        "\ufeff" + "a",
        "a" + "\u0301" * 10_000,
        "مرحبا",
        "[SEP]" * 20,
        "\u2028",
        "a" * 5_000,
    ],
)
def test_strange_texts_have_the_ids_of_the_library(text: str) -> None:
    library = reference()
    library.enable_truncation(16)
    assert rows(Tokenizer(content(), max_tokens=16), [text]) == [library.encode(text).ids]


def test_no_texts() -> None:
    tokens = Tokenizer(content(), max_tokens=8)([])
    assert tokens.input_ids.shape == tokens.lengths.shape == tokens.uncut_lengths.shape == (0,)
    assert tokens.input_ids.dtype == tokens.lengths.dtype == tokens.uncut_lengths.dtype == np.int64


def test_the_vocabulary_counts_added_tokens() -> None:
    library = reference()
    library.add_tokens(["new"])
    assert Tokenizer(library.to_str().encode(), max_tokens=8).vocab_size == len(VOCAB) + 1


@pytest.mark.parametrize(("limit", "least"), [(1, 3), (2, 3), (0, 3)])
def test_a_limit_without_room_for_a_word_is_told_the_least(limit: int, least: int) -> None:
    with pytest.raises(OptionError, match=f"max_tokens is {limit}, expected at least {least}"):
        Tokenizer(content(), max_tokens=limit)


def test_the_least_limit_leaves_one_token() -> None:
    assert rows(Tokenizer(content(), max_tokens=3), ["a b c"]) == [[2, 4, 3]]


def _changed(**changes: Any) -> bytes:
    return json.dumps({**json.loads(content()), **changes}).encode()


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"{}",
        b"\xff\xfe",
        content()[:-20],
        _changed(model={"type": "Unknown"}),
        _changed(model={"type": "WordPiece", "vocab": {}, "unk_token": "[UNK]", "continuing_subword_prefix": "##"}),
    ],
    ids=["empty", "no keys", "not UTF-8", "cut", "an unknown model", "no vocabulary"],
)
def test_what_is_no_tokenizer_is_refused(broken: bytes) -> None:
    with pytest.raises(BundleError, match=r"tokenizer\.json"):
        Tokenizer(broken, max_tokens=8)


def test_a_vocabulary_that_gives_a_word_no_tokens_is_refused() -> None:
    library = reference()
    library.normalizer = normalizers.Replace("a", "")
    with pytest.raises(BundleError, match="no such template is known"):
        Tokenizer(library.to_str().encode(), max_tokens=8)
