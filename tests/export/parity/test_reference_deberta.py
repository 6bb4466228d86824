"""DeBERTa in numpy against transformers."""

from __future__ import annotations

from pathlib import Path

from claxon_export.checkpoint.checkpoint import Pooling, open_checkpoint
from claxon_export.parity.source import ReferenceSource, TorchSource
from tests.encoder_graphs import TOLERANCE, assert_features_equal
from tests.families import write_family

TEXTS = ("great book", "", "not so good " * 30)


def test_features_equal_those_of_transformers(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(write_family(tmp_path, "deberta-v2"), pooling=Pooling.MEAN)
    expected = TorchSource(checkpoint).outputs(TEXTS)
    assert_features_equal(ReferenceSource(checkpoint).outputs(TEXTS).features, expected.features, TOLERANCE)
