"""Tokenisation against the library's own template and truncation, which Claxon never uses; long texts and panics."""

from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np
import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import models, normalizers, pre_tokenizers, processors

from claxon.errors import BundleError, OptionError, TokenizationError
from claxon.text import long_text, shortening, tokenizer
from claxon.text.long_text import LONG
from claxon.text.tokenizer import Tokenizer

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
@settings(max_examples=30)
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


@settings(max_examples=50)
@given(TEXTS, st.integers(3, 20))
def test_a_cut_text_is_what_the_librarys_truncation_gives(text: str, limit: int) -> None:
    library = reference()
    library.enable_truncation(limit)
    assert rows(Tokenizer(content(), max_tokens=limit), [text]) == [library.encode(text).ids]


@settings(max_examples=30)
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


def test_no_texts_give_no_tokens() -> None:
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
def test_a_file_that_is_not_a_tokenizer_is_refused(broken: bytes) -> None:
    with pytest.raises(BundleError, match=r"tokenizer\.json"):
        Tokenizer(broken, max_tokens=8)


def test_a_vocabulary_that_gives_a_word_no_tokens_is_refused() -> None:
    library = reference()
    library.normalizer = normalizers.Replace("a", "")
    with pytest.raises(BundleError, match="adds special tokens; this is not supported"):
        Tokenizer(library.to_str().encode(), max_tokens=8)


# Long texts.

NASTY = [
    *"abcdxé中!_[]<", "[SEP]", "<m>", "<n>", "ab" * 5, "\u0301", "\u0300\u0316", "e\u0301", " ", "  ", "\n", "\t", "\0",
    "\u200d", "\ufeff", "\u302e", "\u034f", "\u0941", "ß", "İ", "Ά", "가", "\u1161", "\U0001d165", "\u3000", "\u00a0",
    "ﷺ", "😀",
]  # fmt: skip


# Long texts are short ones here, so that every way through the code is taken by texts that a test can make.
SHORT_WINDOWS = [
    (tokenizer, "LONG", 20),
    (long_text, "FIRST_WINDOW", 16),
    (long_text, "MARGIN", 8),
    (shortening, "FIRST_CHUNK", 5),
    (shortening, "LARGEST_CHUNK", 11),
]


def bert(*, lowercase: bool = True, strip_accents: bool | None = None) -> tokenizers.Tokenizer:
    library = reference()
    library.model = models.WordPiece(
        {piece: i for i, piece in enumerate(VOCAB)}, unk_token="[UNK]", max_input_chars_per_word=6
    )
    library.normalizer = normalizers.BertNormalizer(lowercase=lowercase, strip_accents=strip_accents)
    library.add_special_tokens(
        [tokenizers.AddedToken("<m>", lstrip=True), tokenizers.AddedToken("<n>", normalized=True)]
    )
    return library


def lowered() -> tokenizers.Tokenizer:
    library = bert(lowercase=False)
    library.normalizer = normalizers.Sequence([normalizers.Lowercase(), normalizers.BertNormalizer(lowercase=False)])
    return library


def odd_added_tokens() -> tokenizers.Tokenizer:
    """Tokens that a shortened text could make or lose: it must not be shortened."""
    library = bert()
    library.add_tokens(["xa", "a b", tokenizers.AddedToken("d", single_word=True)])
    return library


def byte_level() -> tokenizers.Tokenizer:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {piece: i for i, piece in enumerate([*alphabet, "ab", "abab", "Ġa"])}
    library = tokenizers.Tokenizer(models.BPE(vocab, [("a", "b"), ("ab", "ab"), ("Ġ", "a")]))
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return library


def unigram() -> tokenizers.Tokenizer:
    pieces = [
        ("<unk>", 0.0),
        ("▁", -3.0),
        ("a", -2.0),
        ("b", -2.5),
        ("ab", -3.0),
        ("▁ab", -3.5),
        ("!", -4.0),
        ("x", -4.0),
    ]
    library = tokenizers.Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=False))
    library.normalizer = normalizers.NFKC()
    library.pre_tokenizer = pre_tokenizers.Metaspace()
    return library


LIBRARIES = {
    "bert": bert(),
    "cased": bert(lowercase=False),
    "cased without accents": bert(lowercase=False, strip_accents=True),
    "lowered first": lowered(),
    "odd added tokens": odd_added_tokens(),
    "byte-level BPE": byte_level(),
    "unigram": unigram(),
}


@pytest.mark.parametrize("name", LIBRARIES)
@settings(max_examples=400)
@given(parts=st.lists(st.tuples(st.sampled_from(NASTY), st.integers(1, 30)), max_size=40), limit=st.integers(3, 30))
def test_a_long_text_has_the_ids_of_the_uncut_one(name: str, parts: list[tuple[str, int]], limit: int) -> None:
    text = "".join(part * times for part, times in parts)
    library = LIBRARIES[name]
    expected = library.encode(text, add_special_tokens=False).ids
    with pytest.MonkeyPatch.context() as patch:
        for module, attribute, value in SHORT_WINDOWS:
            patch.setattr(module, attribute, value)
        tokenizer = Tokenizer(library.to_str().encode(), max_tokens=limit)
        tokens = tokenizer([text, "a"])
    prefix, suffix = tokenizer._prefix, tokenizer._suffix
    room = limit - len(prefix) - len(suffix)
    assert tokens.input_ids[: tokens.lengths[0]].tolist() == [*prefix, *expected[:room], *suffix]
    assert tokens.truncated.tolist() == [len(expected) > room, False]
    assert tokens.uncut_lengths[0] <= len(expected) + len(prefix) + len(suffix)


@pytest.mark.parametrize("place", range(1, 30))
def test_an_added_token_that_a_window_ends_in_is_not_taken_for_its_parts(place: int) -> None:
    library = bert()
    library.add_special_tokens(["<||>"])
    text = "a" * (place % 2) + " a" * (place // 2) + "<||> " + "a " * 40
    expected = library.encode(text).ids
    with pytest.MonkeyPatch.context() as patch:
        for module, attribute, value in SHORT_WINDOWS:
            patch.setattr(module, attribute, value)
        for limit in range(3, 20):
            found = Tokenizer(library.to_str().encode(), max_tokens=limit)([text])
            assert found.input_ids.tolist()[:-1] == expected[: limit - 1]


@pytest.mark.parametrize("name", LIBRARIES)
def test_only_bert_tokenizers_shorten_texts(name: str) -> None:
    is_shortened = Tokenizer(LIBRARIES[name].to_str().encode(), max_tokens=9)._shortener is not None
    assert is_shortened == (name in ("bert", "cased", "cased without accents", "lowered first"))


class Counting:
    """The library's tokenizer, and how many characters each call was given."""

    def __init__(self, library: tokenizers.Tokenizer) -> None:
        self.library = library
        self.characters: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.library, name)

    def encode(self, text: str, **options: Any) -> Any:
        self.characters.append(len(text))
        return self.library.encode(text, **options)

    def encode_batch_fast(self, texts: list[str], **options: Any) -> Any:
        self.characters += map(len, texts)
        return self.library.encode_batch_fast(texts, **options)


TEN_MILLION = 10_000_000


@pytest.mark.parametrize(
    ("unit", "kept"),
    [
        ("abc naive ", 128), ("a", 3), ("é", 3), (" ", 2), ("\0", 2), ("\u0301", 2), ("!", 128), ("中", 128),
        ("a\u0301", 3), ("a" * 99_999 + " ", 102), (" \0", 2),
    ],
    ids=repr,
)  # fmt: skip
def test_ten_megabytes_cost_what_ten_kilobytes_cost(unit: str, kept: int) -> None:
    tokenizer = Tokenizer(content(), max_tokens=128)
    counting = Counting(tokenizer._tokenizer)
    tokenizer._tokenizer = counting
    tokens = tokenizer([unit * (TEN_MILLION // len(unit))])
    assert tokens.lengths.tolist() == [kept]
    assert tokens.truncated.tolist() == [kept == 128]
    assert sum(counting.characters) < 50_000


def test_a_text_at_the_bound_is_counted_exactly() -> None:
    tokenizer = Tokenizer(content(), max_tokens=8)
    exact, more = "a " * (LONG // 2), "a " * (LONG // 2 + 1)
    tokens = tokenizer([exact, more])
    assert tokens.uncut_lengths[0] == LONG // 2 + 2
    assert 8 < tokens.uncut_lengths[1] < LONG // 2


# What the native library says, and what it panics at.


class PanicException(BaseException):
    pass


class Failing(Counting):
    """Panics at a text."""

    def __init__(self, library: tokenizers.Tokenizer, error: BaseException) -> None:
        super().__init__(library)
        self.error = error

    def encode(self, text: str, **options: Any) -> Any:
        if "bad" in text:
            raise self.error
        return super().encode(text, **options)

    def encode_batch_fast(self, texts: list[str], **options: Any) -> Any:
        return [self.encode(text) for text in texts]


@pytest.mark.parametrize("error", [PanicException("at the disco"), Exception("at the disco")], ids=["panic", "plain"])
@pytest.mark.parametrize("length", [1, LONG + 1])
def test_a_text_that_the_library_fails_on_is_named(error: BaseException, length: int) -> None:
    tokenizer = Tokenizer(content(), max_tokens=8)
    tokenizer._tokenizer = Failing(tokenizer._tokenizer, error)
    bad = "bad" * length
    with pytest.raises(TokenizationError, match="at the disco") as caught:
        tokenizer(["a", bad, "b"])
    assert caught.value.text == bad
    assert len(str(caught.value)) < 200


def test_an_interruption_is_none_of_the_librarys_errors() -> None:
    tokenizer = Tokenizer(content(), max_tokens=8)
    tokenizer._tokenizer = Failing(tokenizer._tokenizer, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        tokenizer(["bad"])


def test_a_panic_of_the_real_library_is_a_bundle_error() -> None:
    """Its ``PanicException`` is no ``Exception``: whatever expects one would let it through."""
    broken = _changed(normalizer={"type": "Precompiled", "precompiled_charsmap": "AAAA"})
    with pytest.raises(BundleError, match=r"tokenizer\.json cannot be read: Precompiled"):
        Tokenizer(broken, max_tokens=8)


def test_half_a_surrogate_pair_is_a_typed_error() -> None:
    with pytest.raises(TokenizationError):
        Tokenizer(content(), max_tokens=8)(["\ud800"])


def test_an_error_about_a_text_can_be_sent_to_another_process() -> None:
    error = pickle.loads(pickle.dumps(TokenizationError("what was found", "text")))
    assert (str(error), error.text) == ("what was found", "text")


def test_ids_beyond_the_encoders_table_are_refused() -> None:
    Tokenizer(content(), max_tokens=8, n_embeddings=len(VOCAB))
    with pytest.raises(
        BundleError, match=f"token id {len(VOCAB) - 1} is too large: the encoder's word-embedding table"
    ):
        Tokenizer(content(), max_tokens=8, n_embeddings=len(VOCAB) - 1)


def test_an_added_token_that_the_library_numbers_itself_is_compared_as_well() -> None:
    document = json.loads(content())
    document["added_tokens"].append({**document["added_tokens"][0], "content": "new", "id": 0})
    with pytest.raises(BundleError, match=f"token id {len(VOCAB)} is too large: the encoder's word-embedding table"):
        Tokenizer(json.dumps(document).encode(), max_tokens=8, n_embeddings=len(VOCAB))


@pytest.mark.parametrize("length", [1, LONG + 1])
def test_a_text_that_the_library_fails_on_is_given_without_the_prompt(length: int) -> None:
    tokenizer = Tokenizer(content(), max_tokens=8, prompt="query: ")
    tokenizer._tokenizer = Failing(tokenizer._tokenizer, PanicException("at the disco"))
    bad = "bad" * length
    with pytest.raises(TokenizationError, match="at the disco") as caught:
        tokenizer(["a", bad, "b"])
    assert caught.value.text == bad
    assert "query" not in str(caught.value)
