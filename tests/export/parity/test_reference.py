"""The numpy reference against transformers, on small random models whose every weight matters."""

from __future__ import annotations

import functools
import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytest

from claxon.errors import OptionError
from claxon_export.errors import CheckpointError
from claxon_export.parity import reference

if TYPE_CHECKING:
    from collections.abc import Mapping

# float32 on both sides, sums in another order; states are of order 1.
TOLERANCE = 1e-5
ARCHITECTURES = ("bert", "distilbert", "mpnet")
PADDING_ID = 1
VOCABULARY = 60
MAX_POSITIONS = 320
BERT_SHAPE = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
}
SHAPES: Mapping[str, Mapping[str, int]] = {
    "bert": BERT_SHAPE,
    "mpnet": BERT_SHAPE,
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64},
}


@dataclass(frozen=True, slots=True)
class TinyModel:
    """A random model of transformers, and what the reference is given of it."""

    torch_model: Any
    architecture: str
    config: Mapping[str, Any]
    weights: Mapping[str, npt.NDArray[np.float32]]

    def states(self, input_ids: npt.NDArray[np.int64], mask: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        return reference.forward(self.architecture, self.config, self.weights, input_ids, mask)


@functools.cache
def tiny_model(architecture: str, kind: str = "", **settings: Any) -> TinyModel:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.set_num_threads(1)
    torch.manual_seed(7)
    family = {"bert": "Bert", "distilbert": "DistilBert", "mpnet": "MPNet"}[architecture]
    config = getattr(transformers, f"{family}Config")(
        vocab_size=VOCABULARY,
        max_position_embeddings=MAX_POSITIONS,
        num_labels=3,
        pad_token_id=PADDING_ID,
        **SHAPES[architecture],
        **settings,
    )
    model = getattr(transformers, f"{family}{kind or 'Model'}")(config).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():  # as made, biases are 0 and attention is all but even
            is_norm = "norm" in name.lower() and name.endswith("weight")
            weight.copy_(torch.randn_like(weight) * 0.25 + (1.0 if is_norm else 0.0))
    weights = {name: weight.numpy() for name, weight in model.state_dict().items()}
    return TinyModel(model, architecture, config.to_dict(), weights)


def torch_outputs(tiny: TinyModel, input_ids: npt.NDArray[np.int64], mask: npt.NDArray[np.int64]) -> Any:
    torch = importlib.import_module("torch")
    with torch.no_grad():
        return tiny.torch_model(
            input_ids=torch.from_numpy(input_ids),
            attention_mask=torch.from_numpy(mask),
            output_hidden_states=True,
        )


def random_ids(*shape: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng(3).integers(2, VOCABULARY, shape)


def padded(lengths: list[int]) -> npt.NDArray[np.int64]:
    input_ids = random_ids(len(lengths), max(lengths))
    for row, length in enumerate(lengths):
        input_ids[row, length:] = PADDING_ID
    return input_ids


@pytest.mark.parametrize("tokens", [1, 2, 17])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_states_equal_those_of_transformers(architecture: str, tokens: int) -> None:
    tiny = tiny_model(architecture)
    input_ids = random_ids(3, tokens)
    mask = np.ones_like(input_ids)
    states = tiny.states(input_ids, mask)
    expected = torch_outputs(tiny, input_ids, mask).last_hidden_state.numpy()
    assert states.dtype == np.float32
    assert states.shape == (3, tokens, 32)
    np.testing.assert_allclose(states, expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_states_of_a_padded_batch_equal_those_of_transformers(architecture: str) -> None:
    tiny = tiny_model(architecture)
    input_ids = padded([21, 3, 9])
    mask = (input_ids != PADDING_ID).astype(np.int64)
    expected = torch_outputs(tiny, input_ids, mask).last_hidden_state.numpy()
    real = mask > 0
    np.testing.assert_allclose(tiny.states(input_ids, mask)[real], expected[real], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_padding_changes_no_state_of_a_token(architecture: str) -> None:
    tiny = tiny_model(architecture)
    input_ids = padded([30, 4])
    together = tiny.states(input_ids, (input_ids != PADDING_ID).astype(np.int64))[1, :4]
    alone = tiny.states(input_ids[1:, :4], np.ones((1, 4), dtype=np.int64))[0]
    np.testing.assert_allclose(together, alone, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_probabilities_equal_those_of_transformers(architecture: str) -> None:
    tiny = tiny_model(architecture, "ForSequenceClassification")
    input_ids = padded([8, 5, 2, 8])
    mask = (input_ids != PADDING_ID).astype(np.int64)
    outputs = torch_outputs(tiny, input_ids, mask)
    states = tiny.states(input_ids, mask)
    probabilities = reference.classify(architecture, tiny.config, tiny.weights, states)
    real = mask > 0
    np.testing.assert_allclose(states[real], outputs.hidden_states[-1].numpy()[real], rtol=0, atol=TOLERANCE)
    assert probabilities.shape == (4, 3)
    assert np.ptp(probabilities, axis=0).max() > 0.05, "the rows are alike: nothing is compared"
    np.testing.assert_allclose(probabilities, outputs.logits.softmax(-1).numpy(), rtol=0, atol=TOLERANCE)


def test_mpnet_beyond_the_last_bucket_equals_transformers() -> None:
    tiny = tiny_model("mpnet")
    input_ids = random_ids(1, 300)
    mask = np.ones_like(input_ids)
    expected = torch_outputs(tiny, input_ids, mask).last_hidden_state.numpy()
    np.testing.assert_allclose(tiny.states(input_ids, mask), expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("activation", ["gelu", "gelu_new", "gelu_pytorch_tanh", "relu"])
def test_every_activation_equals_that_of_transformers(activation: str) -> None:
    tiny = tiny_model("bert", hidden_act=activation)
    input_ids = random_ids(2, 11)
    mask = np.ones_like(input_ids)
    expected = torch_outputs(tiny, input_ids, mask).last_hidden_state.numpy()
    np.testing.assert_allclose(tiny.states(input_ids, mask), expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("epsilon", [1e-12, 0.3])
def test_the_layer_norm_epsilon_is_that_of_the_settings(epsilon: float) -> None:
    tiny = tiny_model("mpnet", layer_norm_eps=epsilon)
    input_ids = random_ids(1, 6)
    mask = np.ones_like(input_ids)
    expected = torch_outputs(tiny, input_ids, mask).last_hidden_state.numpy()
    np.testing.assert_allclose(tiny.states(input_ids, mask), expected, rtol=0, atol=TOLERANCE)


def test_buckets_for_every_distance_equal_those_of_transformers() -> None:
    torch = pytest.importorskip("torch")
    mpnet = pytest.importorskip("transformers.models.mpnet.modeling_mpnet")
    positions = torch.arange(1100)
    expected = mpnet.MPNetEncoder.relative_position_bucket(positions[None, :] - positions[:, None])
    np.testing.assert_array_equal(reference.relative_buckets(1100), expected.numpy())


@pytest.mark.parametrize(
    ("distance", "bucket"),
    [
        (0, 0),
        (1, 1),
        (7, 7),
        (8, 8),
        (11, 8),  # 8 + 8 log(11/8) / log(16) = 8.9
        (12, 9),  # 9.2
        (15, 9),  # 9.8
        (16, 10),  # exactly 10: twice as far is two buckets on
        (31, 11),
        (32, 12),
        (63, 13),
        (64, 14),
        (90, 14),  # 14.98
        (91, 15),  # 15.01
        (128, 15),
        (500, 15),
    ],
)
def test_buckets_by_hand(distance: int, bucket: int) -> None:
    buckets = reference.relative_buckets(501)
    assert buckets[500, 500 - distance] == bucket
    assert buckets[0, distance] == (bucket + 16 if distance else 0)


def test_pooling_by_hand() -> None:
    states = np.array([[[1, 2], [3, 6], [99, 99]], [[4, 4], [99, 99], [99, 99]]], dtype=np.float32)
    mask = np.array([[1, 1, 0], [1, 0, 0]])
    np.testing.assert_array_equal(reference.pool(states, mask, "cls"), [[1, 2], [4, 4]])
    np.testing.assert_array_equal(reference.pool(states, mask, "mean"), [[2, 4], [4, 4]])
    assert reference.pool(states, mask, "mean").dtype == np.float32


def test_unknown_pooling_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(OptionError, match=r"'max'.*'cls', 'mean'"):
        reference.pool(np.zeros((1, 1, 2), dtype=np.float32), np.ones((1, 1), dtype=np.int64), "max")


def test_normalize_by_hand() -> None:
    unit = reference.normalize(np.array([[3, 4], [0, 0]], dtype=np.float32))
    np.testing.assert_allclose(unit, np.array([[0.6, 0.8], [0, 0]]), rtol=0, atol=1e-7)
    assert unit.dtype == np.float32


def test_softmax_of_large_scores_does_not_overflow() -> None:
    scores = np.array([[1000, 1000, 0], [-1000, -1001, -5000]], dtype=np.float32)
    expected = np.array([[0.5, 0.5, 0], [1 / (1 + np.exp(-1)), 1 / (1 + np.exp(1)), 0]])
    np.testing.assert_allclose(reference.softmax(scores), expected, rtol=0, atol=1e-6)


def test_a_checkpoint_without_classifier_is_an_error() -> None:
    tiny = tiny_model("distilbert")
    with pytest.raises(CheckpointError, match="pre_classifier"):
        reference.classify("distilbert", tiny.config, tiny.weights, np.zeros((1, 2, 32), dtype=np.float32))


@pytest.mark.parametrize(("architecture", "longest"), [("bert", 320), ("distilbert", 320), ("mpnet", 318)])
def test_a_text_beyond_the_position_table_is_an_error(architecture: str, longest: int) -> None:
    tiny = tiny_model(architecture)
    fits = random_ids(1, longest)
    assert np.isfinite(tiny.states(fits, np.ones_like(fits))).all()
    too_long = random_ids(1, longest + 1)
    with pytest.raises(ValueError, match=f"{longest + 1} tokens"):
        tiny.states(too_long, np.ones_like(too_long))
