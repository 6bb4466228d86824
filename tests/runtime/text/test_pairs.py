"""Pairs against Hugging Face's tokenizers, which join and cut them by themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import models, pre_tokenizers, processors

from claxon.bundle.manifest import TruncationSide
from claxon.errors import BundleError, InputError
from claxon.text.pairs import PairTruncation, kept_lengths, template_of
from claxon.text.tokenizer import Tokenizer

VOCAB = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"abcdefg"]
SPECIALS = [(piece, i) for i, piece in enumerate(VOCAB[:4])]
BERT = processors.TemplateProcessing("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", SPECIALS)
ROBERTA = processors.RobertaProcessing(("[SEP]", 3), ("[CLS]", 2))
TEXTS = st.lists(st.sampled_from("abcdefg"), max_size=30).map(" ".join)


def reference(processor: Any) -> tokenizers.Tokenizer:
    tokenizer = tokenizers.Tokenizer(models.WordLevel({piece: i for i, piece in enumerate(VOCAB)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processor
    return tokenizer


def pairs_of(processor: Any, max_tokens: int, side: TruncationSide = TruncationSide.RIGHT) -> Tokenizer:
    content = reference(processor).to_str().encode()
    return Tokenizer(content, max_tokens=max_tokens, prompt="g ", truncation_side=side)


@pytest.mark.parametrize("processor", [BERT, ROBERTA], ids=["bert", "roberta"])
@pytest.mark.parametrize("how", PairTruncation)
@pytest.mark.parametrize("side", TruncationSide)
@given(first=TEXTS, second=TEXTS)
def test_pairs_are_joined_and_cut_as_the_library_does(
    processor: Any, how: PairTruncation, side: TruncationSide, first: str, second: str
) -> None:
    expected = reference(processor)
    expected.enable_truncation(16, strategy=str(how), direction=str(side))
    tokens = None
    try:
        tokens = pairs_of(processor, 16, side).pairs([(first, second)], how)
    except InputError:
        with pytest.raises(Exception, match=r"[Tt]runcation"):
            expected.encode(first, second)
    if tokens is None:
        return
    found = expected.encode(first, second)
    assert tokens.input_ids.tolist() == found.ids
    assert tokens.first_lengths is not None
    assert (np.arange(len(found.ids)) >= tokens.first_lengths[0]).astype(int).tolist() == found.type_ids
    assert tokens.truncated.tolist() == [len(reference(processor).encode(first, second).ids) > 16]


def test_each_text_is_tokenized_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = pairs_of(BERT, 16)
    seen: list[str] = []
    real = Tokenizer._whole

    def spy(one: Tokenizer, texts: list[str]) -> list[list[int]]:
        seen.extend(texts)
        return real(one, texts)

    monkeypatch.setattr(Tokenizer, "_whole", spy)
    tokenizer.pairs([("a", "b"), ("a", "c"), ("b", "c")], PairTruncation.ONLY_FIRST)
    assert seen == ["a", "b", "c"]


def test_no_pairs_are_no_tokens() -> None:
    assert len(pairs_of(BERT, 16).pairs([], PairTruncation.ONLY_FIRST).lengths) == 0


def test_the_text_that_is_not_cut_must_leave_room() -> None:
    with pytest.raises(InputError, match="the second text of a pair has 14 tokens, of 13 for both"):
        pairs_of(BERT, 16).pairs([("a a", "a " * 14)], PairTruncation.ONLY_FIRST)
    with pytest.raises(InputError, match="the first text"):
        kept_lengths(9, 2, 9, PairTruncation.ONLY_SECOND)


def test_a_template_that_cannot_be_read_is_named() -> None:
    backwards = processors.TemplateProcessing("[CLS] $A [SEP]", "[CLS]:1 $A:1 [SEP]:0 $B:0", SPECIALS)
    with pytest.raises(BundleError, match="pair"):
        pairs_of(backwards, 16).pairs([("a", "b")], PairTruncation.ONLY_FIRST)
    assert template_of([4], [2, 4, 3], [0, 0, 0]) is None
