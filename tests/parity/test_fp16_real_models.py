"""fp16 on real models, as the CPU computes it, rounded after every operator: near fp32, and far from float16's end."""

from __future__ import annotations

from pathlib import Path

import pytest

from claxon.bundle.bundle import Bundle
from claxon_export.fp16.emulation import emulating_encoder, emulation
from claxon_export.fp16.gate import fp16_variant, range_texts
from claxon_export.pipeline import export
from tests.parity.conftest import IS_FULL, Exported

pytestmark = pytest.mark.skipif(not IS_FULL, reason="takes many minutes: set CLAXON_FULL_PARITY=1")

WORST_COSINE = 0.99999
# Measured: 196 for MiniLM, 191 for distilbert-sst2-mini, 1,311 for MPNet, each after a feed-forward. float16 ends at
# 65,504.
LARGEST = 5_000


@pytest.fixture(params=["minilm", "sst2_mini", "mpnet"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    source: Exported = request.getfixturevalue(request.param)
    return export(source.source, tmp_path / "bundle", precision=("fp32", "fp16")).path


def test_fp16_keeps_the_features_and_its_range(folder: Path) -> None:
    bundle = Bundle.open(folder)
    variant = fp16_variant(bundle)
    assert variant.parity is not None
    for comparison in variant.parity.comparisons:
        assert (comparison.min_cosine or 1) >= WORST_COSINE
        assert (comparison.label_agreement or 1) == 1
    session = emulation(bundle, variant)
    with emulating_encoder(bundle, variant, session) as encoder:
        encoder.features(range_texts(), batch_size=8, on_truncation="ignore")
    states = {name: number for name, number in session.largest.items() if name.startswith(("embeddings.", "layer."))}
    assert 1 < max(states.values()) < LARGEST
