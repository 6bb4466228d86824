from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from claxon.engine.tuner import TOKENS_A_BATCH, generated, of_texts
from claxon.text.tokens import Tokens
from tests.bundles import sample_manifest

ENCODER = replace(sample_manifest().encoder, max_tokens=128, vocab_size=50, pad_id=1)


def tokens(*lengths: int) -> Tokens:
    sizes = np.array(lengths, np.int64)
    return Tokens(np.arange(2, 2 + sizes.sum()), sizes, sizes)


def test_generated_texts_are_short_and_medium() -> None:
    short, medium = generated(ENCODER)
    assert (short.name, medium.name) == ("short", "medium")
    assert max(feeds["input_ids"].shape[1] for feeds in short.batches) <= 32
    assert min(feeds["input_ids"].shape[1] for feeds in medium.batches) >= 64
    for workload in (short, medium):
        assert workload.tokens == sum(feeds["input_ids"].size for feeds in workload.batches)
        for feeds in workload.batches:
            ids = feeds["input_ids"]
            assert set(feeds) == {"input_ids", "attention_mask"}
            assert 0 <= ids.min() <= ids.max() < 50
            assert not (ids == 1).any(), "padding would not be attended to"
            assert feeds["attention_mask"].all()
            assert ids.size <= TOKENS_A_BATCH


def test_generated_texts_are_the_same_each_time() -> None:
    first, second = generated(ENCODER)[0], generated(ENCODER)[0]
    np.testing.assert_array_equal(first.batches[0]["input_ids"], second.batches[0]["input_ids"])


def test_generated_texts_keep_the_encoders_limit() -> None:
    for workload in generated(replace(ENCODER, max_tokens=16)):
        assert max(feeds["input_ids"].shape[1] for feeds in workload.batches) <= 16


def test_a_model_with_token_types_gets_them() -> None:
    inputs = ("input_ids", "attention_mask", "token_type_ids")
    (feeds, *_) = generated(replace(ENCODER, inputs=inputs))[0].batches
    assert set(feeds) == set(inputs)


def test_texts_of_a_caller_are_halved_by_length() -> None:
    short, medium = of_texts(ENCODER, tokens(30, 3, 20, 4))
    assert [feeds["attention_mask"].sum(axis=1).tolist() for feeds in short.batches] == [[4, 3]]
    assert [feeds["attention_mask"].sum(axis=1).tolist() for feeds in medium.batches] == [[30, 20]]
    assert (short.tokens, medium.tokens) == (7, 50)
    np.testing.assert_array_equal(short.batches[0]["input_ids"][1], [32, 33, 34, 1])


def test_many_texts_are_sampled_in_batches_of_bounded_size() -> None:
    for workload in of_texts(ENCODER, tokens(*range(3, 120))):
        assert 1 <= len(workload.batches) <= 3
        assert max(feeds["input_ids"].size for feeds in workload.batches) <= TOKENS_A_BATCH


@pytest.mark.parametrize("lengths", [(5,), (600,), (600, 700)])
def test_a_few_texts_will_do(lengths: tuple[int, ...]) -> None:
    short, medium = of_texts(ENCODER, tokens(*lengths))
    assert short.tokens == min(lengths)
    assert medium.tokens == max(lengths)
