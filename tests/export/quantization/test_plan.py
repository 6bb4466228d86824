"""All layers of an encoder: which gets what."""

from __future__ import annotations

import numpy as np

from claxon_export.quantization.inputs import PerToken, Static
from claxon_export.quantization.layer import QuantizedLayer
from claxon_export.quantization.observation import Observed
from claxon_export.quantization.plan import quantize_layers
from tests.checkpoints import WIDTH


def test_only_what_follows_an_activation_has_a_scale_a_token(layers: dict[str, QuantizedLayer]) -> None:
    per_token = {name for name, layer in layers.items() if isinstance(layer.input, PerToken)}
    assert per_token == {"layer.0.ffn.output", "layer.1.ffn.output"}


def test_the_smoothing_of_the_attentions_output_is_folded_into_value(
    observed: dict[str, Observed], layers: dict[str, QuantizedLayer]
) -> None:
    output, qkv = layers["layer.0.attention.output"], layers["layer.0.attention.qkv"]
    assert isinstance(output.input, Static)
    assert isinstance(qkv.input, Static)
    assert output.input.is_folded
    assert not qkv.input.is_folded
    assert output.input.smoothing is not None
    assert qkv.input.smoothing is not None
    expected = observed["layer.0.attention.qkv"].weight[:, -WIDTH:] / output.input.smoothing
    found = (qkv.weight.restored() / qkv.input.smoothing[:, None])[:, -WIDTH:]
    np.testing.assert_allclose(found, expected, atol=0.05 * np.abs(expected).max())


def test_progress_is_told_layer_by_layer(observed: dict[str, Observed]) -> None:
    done: list[int] = []
    quantize_layers(dict(list(observed.items())[:2]), lambda: done.append(1))
    assert len(done) == 2
