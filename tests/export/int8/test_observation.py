"""What the linear layers see."""

from __future__ import annotations

import numpy as np
import pytest

from claxon.text.tokenizer import Tokenizer
from claxon.text.tokens import Tokens
from claxon_export.checkpoint.checkpoint import Checkpoint
from claxon_export.int8 import observation
from claxon_export.int8.observation import Observed, observe
from tests.checkpoints import INTERMEDIATE, LAYERS, WIDTH

PARTS = ("attention.qkv", "attention.output", "ffn.intermediate", "ffn.output")


def test_every_linear_layer_is_observed_with_its_weights(checkpoint: Checkpoint, observed: dict[str, Observed]) -> None:
    assert list(observed) == [f"layer.{layer}.{part}" for layer in range(LAYERS) for part in PARTS]
    first = observed["layer.0.ffn.intermediate"]
    assert first.weight.shape == (WIDTH, INTERMEDIATE)
    assert observed["layer.1.ffn.output"].inputs.shape[1] == INTERMEDIATE
    name = "encoder.layer.0.intermediate.dense.weight"
    np.testing.assert_array_equal(first.weight, checkpoint.weights[name].T)


def test_an_activation_is_never_below_its_minimum(observed: dict[str, Observed]) -> None:
    inputs = observed["layer.0.ffn.output"].inputs
    assert inputs.min() >= -0.1701
    assert inputs.max() > 0


@pytest.fixture
def tokens(checkpoint: Checkpoint) -> Tokens:
    tokenizer = Tokenizer(checkpoint.tokenizer_json.encode(), max_tokens=checkpoint.max_tokens, prompt="")
    return tokenizer(["great book"] * 30 + ["awful phone"] * 30)


def test_tokens_are_kept_from_all_texts(
    checkpoint: Checkpoint, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observation, "SAMPLED_TOKENS", 40)
    kept = observe(checkpoint, tokens)["layer.0.attention.qkv"].inputs
    assert 40 <= len(kept) <= 40 + tokens.lengths[0]
    assert len(np.unique(kept, axis=0)) >= 6, "of both texts, and of every place in them"


@pytest.mark.parametrize("waiting_tokens", [1, 50, 10_000])
def test_the_curvature_is_that_of_all_tokens_about_their_mean(
    checkpoint: Checkpoint, tokens: Tokens, monkeypatch: pytest.MonkeyPatch, waiting_tokens: int
) -> None:
    every = observe(checkpoint, tokens)["layer.1.ffn.output"].inputs.astype(np.float32)
    monkeypatch.setattr(observation, "SAMPLED_TOKENS", 10)
    monkeypatch.setattr(observation, "WAITING_TOKENS", waiting_tokens)
    layer = observe(checkpoint, tokens)["layer.1.ffn.output"]
    assert len(layer.inputs) <= 10 + tokens.lengths[0]
    every -= every.mean(axis=0)
    np.testing.assert_allclose(layer.curvature, every.T @ every, rtol=1e-2, atol=0.05)  # `every` is float16


def test_as_many_whole_texts_are_run_as_the_limit_allows(
    checkpoint: Checkpoint, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    length = int(tokens.lengths[0])
    monkeypatch.setattr(observation, "MAX_TOKENS", 5 * length + 1)
    assert len(observe(checkpoint, tokens)["layer.0.attention.qkv"].inputs) == 5 * length
    monkeypatch.setattr(observation, "MAX_TOKENS", 1)
    assert len(observe(checkpoint, tokens)["layer.0.attention.qkv"].inputs) == length, "the first text in any case"


def test_the_first_text_is_kept_whatever_is_left_out(
    checkpoint: Checkpoint, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = observe(checkpoint, tokens)["layer.0.attention.qkv"].inputs
    monkeypatch.setattr(observation, "SAMPLED_TOKENS", 0)
    first = observe(checkpoint, tokens)["layer.0.attention.qkv"].inputs
    np.testing.assert_array_equal(first, every[: tokens.lengths[0]])
