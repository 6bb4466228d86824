"""ModernBERT's own: rotary positions of two bases, layers that see a window, a classifier on cls or mean."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import claxon
from claxon.bundle.manifest import Feature
from claxon_export.checkpoint.checkpoint import Pooling, open_checkpoint
from claxon_export.errors import CheckpointError
from claxon_export.graphs.architectures import modernbert
from claxon_export.parity.source import TorchSource
from claxon_export.pipeline import export
from tests.encoder_graphs import TOLERANCE, assert_features_equal, random_batch, run_graph, torch_features, write_graph
from tests.families import LABELS, write_family

CONFIG = {
    "hidden_size": 32,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "intermediate_size": 64,
    "vocab_size": 100,
    "max_position_embeddings": 8192,
}
TEXTS = ["great book", "", "awful service ! i hate it", "not so good " * 30]


def test_defaults_are_those_of_transformers() -> None:
    shape = modernbert.sizes(CONFIG)
    assert (shape.positions, shape.activation, shape.layer_norm_epsilon) == (8192, "gelu", 1e-5)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"rope_scaling": {"rope_type": "yarn"}}, "rope_scaling is .*yarn.*, expected none"),
        ({"hidden_size": 36}, "4 attention heads cut the width 36 into odd parts"),
        ({"hidden_size": 33}, "4 attention heads do not divide the width 33"),
    ],
)
def test_configs_without_a_graph_are_refused(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        modernbert.sizes(CONFIG | setting)


@pytest.mark.parametrize(
    "settings",
    [
        {"norm_bias": True, "attention_bias": True, "mlp_bias": True},
        {"local_rope_theta": None},
        {"global_rope_theta": 500.0, "global_attn_every_n_layers": 2},
        {"local_attention": 7},
        {"hidden_activation": "gelu_pytorch_tanh", "norm_eps": 1e-3},
    ],
    ids=str,
)
def test_settings_equal_transformers(settings: dict[str, Any], tmp_path: Path) -> None:
    folder = write_family(tmp_path / "source", "modernbert", **settings)
    encoder = write_graph(open_checkpoint(folder, pooling=Pooling.MEAN), tmp_path / "graph")
    batch = random_batch(encoder, (40, 3, 15))
    assert_features_equal(run_graph(encoder, batch), torch_features(encoder.checkpoint, batch), TOLERANCE)


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_classifier_reads_the_feature_that_the_config_names(pooling: str, tmp_path: Path) -> None:
    folder = write_family(tmp_path / "source", "modernbert", labels=LABELS, classifier_pooling=pooling)
    bundle = export(folder, tmp_path / "out")
    assert bundle.manifest.heads[0].feature is Feature(pooling)
    expected = TorchSource(open_checkpoint(folder)).outputs(TEXTS).probabilities
    assert expected is not None
    with claxon.load(bundle.path) as classifier:
        result = classifier.predict_proba(TEXTS, on_truncation="ignore")
    np.testing.assert_allclose(result, expected, rtol=0, atol=TOLERANCE)


def test_angles_are_those_of_transformers() -> None:
    torch = pytest.importorskip("torch")
    modeling = pytest.importorskip("transformers.models.modernbert.modeling_modernbert")
    transformers = pytest.importorskip("transformers")
    config = transformers.ModernBertConfig(hidden_size=768, num_attention_heads=12)
    config.rope_theta = 10_000.0
    rotary = modeling.ModernBertRotaryEmbedding(config)
    cosines, _ = rotary(torch.zeros(1), torch.arange(8192)[None])
    expected = cosines[0, :, :32].numpy()
    np.testing.assert_allclose(np.cos(modernbert.rotary_angles(8192, 64, 10_000.0)), expected, rtol=0, atol=1e-3)
