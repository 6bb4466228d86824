"""Names, settings, weights and activations of the numpy reference."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from claxon_export.errors import CheckpointError, UnsupportedArchitectureError
from claxon_export.parity.reference_model import ARCHITECTURES, Model, gelu, gelu_tanh, relu

TOLERANCE = 1e-6
POINTS = np.linspace(-6, 6, 241, dtype=np.float32)


def test_gelu_is_the_paper_s_formula() -> None:
    expected = [x / 2 * (1 + math.erf(x / math.sqrt(2))) for x in POINTS.tolist()]
    np.testing.assert_allclose(gelu(POINTS), expected, rtol=0, atol=TOLERANCE)
    assert gelu(POINTS).dtype == np.float32


def test_gelu_tanh_is_the_paper_s_formula() -> None:
    root = math.sqrt(2 / math.pi)
    expected = [x / 2 * (1 + math.tanh(root * (x + 0.044715 * x**3))) for x in POINTS.tolist()]
    np.testing.assert_allclose(gelu_tanh(POINTS), expected, rtol=0, atol=TOLERANCE)
    assert gelu_tanh(POINTS).dtype == np.float32


def test_relu_by_hand() -> None:
    np.testing.assert_array_equal(relu(np.array([-1, 0, 2], dtype=np.float32)), [0, 0, 2])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_weight_is_found_with_and_without_the_base_model_s_prefix(architecture: str) -> None:
    half = np.ones(2, dtype=np.float16)
    prefixes = dict.fromkeys(("camembert", "roberta", "xlm-roberta"), "roberta")
    prefixes |= {"deberta-v2": "deberta", "modernbert": "model"}
    model = Model(architecture, {}, {f"{prefixes.get(architecture, architecture)}.one": half, "two": 2 * half})
    np.testing.assert_array_equal(model.weight("one"), [1, 1])
    np.testing.assert_array_equal(model.weight("two"), [2, 2])
    assert model.weight("one").dtype == np.float32


def test_a_missing_weight_is_named() -> None:
    with pytest.raises(CheckpointError, match=r"no weight 'encoder\.x'.*'bert\.'"):
        Model("bert", {}, {"mpnet.encoder.x": np.ones(1)}).weight("encoder.x")


def test_linear_by_hand() -> None:
    weights = {"a.weight": np.array([[1, 2], [0, 1], [1, 0]]), "a.bias": np.array([10, 20, 30])}
    x = np.array([[[1, 1], [2, 3]]], dtype=np.float32)
    np.testing.assert_array_equal(Model("bert", {}, weights).linear("a", x), [[[13, 21, 31], [18, 23, 32]]])


@pytest.mark.parametrize(("architecture", "variance"), [("bert", 1 + 3), ("distilbert", 1)])
def test_layer_norm_by_hand(architecture: str, variance: float) -> None:
    weights = {"n.weight": np.array([2, 2]), "n.bias": np.array([1, 0])}
    model = Model(architecture, {"layer_norm_eps": 3}, weights)
    deviation = 2 / math.sqrt(variance)
    x = np.array([[4, 6]], dtype=np.float32)
    np.testing.assert_allclose(model.layer_norm("n", x), [[1 - deviation, deviation]], rtol=0, atol=TOLERANCE)


def test_a_setting_has_its_own_name_in_distilbert() -> None:
    model = Model("distilbert", {"n_layers": 6}, {})
    assert model.setting("num_hidden_layers", "n_layers") == 6
    with pytest.raises(CheckpointError, match="num_attention_heads or n_heads"):
        model.setting("num_attention_heads", "n_heads")


def test_an_unknown_architecture_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(UnsupportedArchitectureError, match=r"'longformer'.*bert, camembert, deberta-v2, distilbert"):
        Model("longformer", {}, {})


@pytest.mark.parametrize(
    ("architecture", "config", "message"),
    [
        ("bert", {"hidden_act": "silu"}, "hidden_act 'silu'.*gelu, gelu_new, gelu_pytorch_tanh, relu"),
        ("distilbert", {"activation": "tanh"}, "activation 'tanh'"),
        ("bert", {"position_embedding_type": "relative_key"}, "'relative_key'.*'absolute'"),
        ("bert", {"is_decoder": True}, "is_decoder True"),
    ],
)
def test_an_unknown_variant_is_an_error(architecture: str, config: dict[str, Any], message: str) -> None:
    with pytest.raises(UnsupportedArchitectureError, match=message):
        Model(architecture, config, {})
