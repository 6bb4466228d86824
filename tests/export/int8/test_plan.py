"""All layers of an encoder: which gets what."""

from __future__ import annotations

import numpy as np

from claxon_export.int8.inputs import AFTER_ACTIVATION, BOTH_SIGNS, Static
from claxon_export.int8.layer import QuantizedLayer, best_smoothing
from claxon_export.int8.observation import Observed
from claxon_export.int8.plan import quantize_layers
from tests.checkpoints import WIDTH


def test_what_follows_an_activation_or_attention_has_a_scale_per_token(layers: dict[str, QuantizedLayer]) -> None:
    inputs = {name: layer.input for name, layer in layers.items() if not isinstance(layer.input, Static)}
    assert inputs == {
        f"layer.{i}.{name}": kind
        for i in range(2)
        for name, kind in (("attention.output", BOTH_SIGNS), ("ffn.output", AFTER_ACTIVATION))
    }


def test_the_smoothing_of_the_attentions_output_is_folded_into_value(
    observed: dict[str, Observed], layers: dict[str, QuantizedLayer]
) -> None:
    output, qkv = layers["layer.0.attention.output"], layers["layer.0.attention.qkv"]
    assert output.smoothing is None
    assert qkv.smoothing is not None
    smoothing, seen = (
        best_smoothing(observed["layer.0.attention.output"], BOTH_SIGNS),
        observed["layer.0.attention.qkv"],
    )
    value = slice(-WIDTH, None)
    expected = seen.weight[:, value] / smoothing.factors
    found = (qkv.weight.restored() / qkv.smoothing.factors[:, None])[:, value]
    np.testing.assert_allclose(found, expected, atol=0.05 * np.abs(expected).max())
    inputs = qkv.smoothing.smoothed(seen.inputs)
    given = (qkv.input.restored(inputs) @ qkv.weight.restored() + qkv.bias)[:, value]
    wanted = smoothing.smoothed((seen.inputs.astype(np.float32) @ seen.weight + seen.bias)[:, value])
    np.testing.assert_allclose(given, wanted, atol=0.05 * np.abs(wanted).max())


def test_progress_is_told_layer_by_layer(observed: dict[str, Observed]) -> None:
    done: list[int] = []
    quantize_layers(dict(list(observed.items())[:2]), lambda: done.append(1))
    assert len(done) == 2
